namespace Probe.Core.Vocabulary;

/// <summary>
/// A field of a quoted packet that differs from what was sent; each is the bit of this number in <see cref="RewrittenFields"/>.
/// </summary>
public enum RewrittenField
{
    /// <summary>Source address.</summary>
    SourceAddress,

    /// <summary>Destination address.</summary>
    DestinationAddress,

    /// <summary>Source port, or the identifier of an echo request.</summary>
    SourcePort,

    /// <summary>Destination port.</summary>
    DestinationPort,

    /// <summary>Transport checksum.</summary>
    Checksum,

    /// <summary>IPv4 identification.</summary>
    IpId,

    /// <summary>TCP sequence number or ICMP sequence.</summary>
    Sequence,
}
