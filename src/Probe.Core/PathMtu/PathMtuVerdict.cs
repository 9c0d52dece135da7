namespace Probe.Core.PathMtu;

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

/// <summary>Who said that a packet was too big.</summary>
public enum PathMtuRole
{
    /// <summary>A router on the way.</summary>
    Router,

    /// <summary>The address probed itself: the entry of a tunnel behind it.</summary>
    TunnelEntry,

    /// <summary>This host.</summary>
    ThisHost,
}

/// <summary>What kind of answer proves that a size gets there.</summary>
public enum PathMtuProof
{
    /// <summary>SYN-ACK to a SYN with payload.</summary>
    SynPayload,

    /// <summary>An acknowledgment within an established connection.</summary>
    Established,

    /// <summary>Echo reply, as large as the request: both directions carry it.</summary>
    Echo,

    /// <summary>RST to a padded ACK of no connection, or to a SYN with payload that no service takes.</summary>
    Ack,

    /// <summary>Port-unreachable, or a service's answer, to a datagram.</summary>
    Udp,
}
