namespace Probe.Core.Vocabulary;

/// <summary>How the octets of a transfer follow each other.</summary>
public enum TcpPacing
{
    /// <summary>One segment; the next when it is acknowledged.</summary>
    Spaced,

    /// <summary>Two segments at once; the next two when both are acknowledged.</summary>
    Pairs,

    /// <summary>Everything at once.</summary>
    Bulk,
}
