namespace Probe.Core.Packets;

/// <summary>A packet of either family in one view; what a header of the other family lacks says so in its own line.</summary>
public readonly ref struct IpPacket
{
    private readonly IPv4Header _v4;
    private readonly IPv6Header _v6;

    private IpPacket(IPv4Header v4) => _v4 = v4;

    private IpPacket(IPv6Header v6)
    {
        _v6 = v6;
        IsV6 = true;
    }

    /// <summary>True for IPv6.</summary>
    public bool IsV6 { get; }

    /// <summary>Source address.</summary>
    public IpAddress Source => IsV6 ? _v6.Source : _v4.Source;

    /// <summary>Destination address.</summary>
    public IpAddress Destination => IsV6 ? _v6.Destination : _v4.Destination;

    /// <summary>TTL or hop limit.</summary>
    public byte Ttl => IsV6 ? _v6.HopLimit : _v4.Ttl;

    /// <summary>DSCP and ECN.</summary>
    public byte TrafficClass => IsV6 ? _v6.TrafficClass : _v4.TrafficClass;

    /// <summary>Protocol of the payload, after IPv6 extension headers; see <see cref="IpProtocol"/>.</summary>
    public byte Protocol => IsV6 ? _v6.Protocol : _v4.Protocol;

    /// <summary>Octets of the whole packet, as its header says.</summary>
    public int TotalLength => IsV6 ? IPv6Header.Length + _v6.PayloadLength : _v4.TotalLength;

    /// <summary>Octets before the payload: options and extension headers included.</summary>
    public int HeaderLength => IsV6 ? _v6.HeaderLength : _v4.HeaderLength;

    /// <summary>IPv4 identification; 0 for IPv6.</summary>
    public ushort Id => IsV6 ? (ushort)0 : _v4.Id;

    /// <summary>The DF bit of IPv4; true for IPv6, whose routers never fragment.</summary>
    public bool DontFragment => IsV6 || _v4.DontFragment;

    /// <summary>IPv6 flow label, 20 bits; 0 for IPv4.</summary>
    public uint FlowLabel => IsV6 ? _v6.FlowLabel : 0;

    /// <summary>Offset of this fragment, octets. Above 0 the payload does not begin with a transport header.</summary>
    public int FragmentOffset => IsV6 ? _v6.FragmentOffset : _v4.FragmentOffset;

    /// <summary>True when more fragments follow.</summary>
    public bool MoreFragments => IsV6 ? _v6.MoreFragments : _v4.MoreFragments;

    /// <summary>What stands after the headers, without octets beyond the total length.</summary>
    public ReadOnlySpan<byte> Payload => IsV6 ? _v6.Payload : _v4.Payload;

    /// <summary>True when the header promises more octets than there are.</summary>
    public bool Truncated => IsV6 ? _v6.Truncated : _v4.Truncated;

    /// <summary>True when the header checksum is right; always for IPv6, which has none.</summary>
    public bool HeaderChecksumValid => IsV6 || _v4.ChecksumValid;

    /// <summary>Reads a packet; false when it is malformed or of no known version.</summary>
    public static bool TryRead(ReadOnlySpan<byte> data, out IpPacket value) => TryRead(data, quoted: false, out value);

    /// <summary>Reads a packet quoted by an ICMP error, see <see cref="IPv4Header.TryReadQuote"/>.</summary>
    public static bool TryReadQuote(ReadOnlySpan<byte> data, out IpPacket value) => TryRead(data, quoted: true, out value);

    private static bool TryRead(ReadOnlySpan<byte> data, bool quoted, out IpPacket value)
    {
        if (quoted ? IPv4Header.TryReadQuote(data, out var v4) : IPv4Header.TryRead(data, out v4))
        {
            value = new IpPacket(v4);
            return true;
        }

        if (IPv6Header.TryRead(data, out var v6))
        {
            value = new IpPacket(v6);
            return true;
        }

        value = default;
        return false;
    }
}
