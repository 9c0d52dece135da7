using System.Runtime.InteropServices;

namespace Probe.Core.Vocabulary;

/// <summary>Why a loop ended.</summary>
public enum SweepEnd
{
    /// <summary>The sweep had nothing left to do.</summary>
    Done,

    /// <summary>The deadline came.</summary>
    Deadline,

    /// <summary>The user or a signal ended it.</summary>
    Interrupted,
}
