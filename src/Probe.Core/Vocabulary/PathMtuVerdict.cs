namespace Probe.Core.Vocabulary;

/// <summary>What limits the size of packets on a path.</summary>
public enum PathMtuVerdict
{
    /// <summary>The first link's MTU passes.</summary>
    Clear,

    /// <summary>ICMP told the truth.</summary>
    Signalled,

    /// <summary>Nothing tells; found by search.</summary>
    BlackHole,

    /// <summary>ICMP told a wrong size.</summary>
    WrongSignal,

    /// <summary>The limit is on the way back.</summary>
    ReturnPath,

    /// <summary>Small probes get no answer either.</summary>
    NotAnswering,

    /// <summary>Loss hides the answer.</summary>
    Unstable,
}
