namespace Probe.Core.Vocabulary;

/// <summary>Why a loop or a run ended; of several reasons the last one here counts.</summary>
public enum SweepEnd
{
    /// <summary>The sweep had nothing left to do.</summary>
    Done,

    /// <summary>A search has spent its probes and is not complete.</summary>
    MaxProbes,

    /// <summary>The deadline came.</summary>
    Deadline,

    /// <summary>The user or a signal ended it.</summary>
    Interrupted,
}
