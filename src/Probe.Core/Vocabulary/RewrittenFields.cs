namespace Probe.Core.Vocabulary;

/// <summary>Fields of a quoted packet that differ from what was sent, as a NAT leaves them.</summary>
[Flags]
public enum RewrittenFields
{
    /// <summary>Nothing differs.</summary>
    None = 0,

    /// <summary>Quoted source address.</summary>
    Source = 1 << (int)RewrittenField.SourceAddress,

    /// <summary>Quoted destination address.</summary>
    Destination = 1 << (int)RewrittenField.DestinationAddress,

    /// <summary>Quoted source port, or the identifier of an echo request.</summary>
    SourcePort = 1 << (int)RewrittenField.SourcePort,

    /// <summary>Quoted destination port.</summary>
    DestinationPort = 1 << (int)RewrittenField.DestinationPort,

    /// <summary>Quoted transport checksum.</summary>
    Checksum = 1 << (int)RewrittenField.Checksum,

    /// <summary>Quoted IPv4 identification.</summary>
    IpId = 1 << (int)RewrittenField.IpId,

    /// <summary>Quoted TCP sequence number or ICMP sequence.</summary>
    Sequence = 1 << (int)RewrittenField.Sequence,
}
