namespace Probe.Core.Vocabulary;

/// <summary>Fields of a quoted packet that differ from what was sent, as a NAT leaves them.</summary>
[Flags]
public enum RewrittenFields
{
    /// <summary>Nothing differs.</summary>
    None = 0,

    /// <summary>Quoted source address.</summary>
    Source = 1,

    /// <summary>Quoted destination address.</summary>
    Destination = 2,

    /// <summary>Quoted source port, or the identifier of an echo request.</summary>
    SourcePort = 4,

    /// <summary>Quoted destination port.</summary>
    DestinationPort = 8,

    /// <summary>Quoted transport checksum.</summary>
    Checksum = 16,

    /// <summary>Quoted IPv4 identification.</summary>
    IpId = 32,

    /// <summary>Quoted TCP sequence number or ICMP sequence.</summary>
    Sequence = 64,
}
