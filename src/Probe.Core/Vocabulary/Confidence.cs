namespace Probe.Core.Vocabulary;

/// <summary>How sure a finding is.</summary>
public enum Confidence
{
    /// <summary>One kind of evidence.</summary>
    Hint,

    /// <summary>Two independent kinds of evidence.</summary>
    Likely,

    /// <summary>Packet-level evidence that leaves no other reading.</summary>
    Proved,
}
