using System.Buffers.Binary;
using Probe.Core.Packets;

namespace Probe.Lab.Simulation;

/// <summary>
/// A packet on its way, in a buffer that is used again. Its octets have been read as an IP packet once, so fixed offsets are safe.
/// </summary>
public sealed class SimulatedPacket
{
    private byte[] _octets = [];

    internal SimulatedPacket()
    {
    }

    /// <summary>The whole packet from its IP header on.</summary>
    public Span<byte> Octets => _octets.AsSpan(0, Length);

    public int Length { get; private set; }

    /// <summary>Number of the packet; what a duplicate, a fragment or a translation makes of it keeps the number.</summary>
    public long Id { get; internal set; }

    /// <summary>The packet that made a node send this one; 0 for none.</summary>
    public long Cause { get; internal set; }

    public bool IsV6 => _octets[0] >> 4 == 6;

    public byte Ttl => _octets[IsV6 ? 7 : 8];

    /// <summary>Octets before the transport header: options and extension headers included.</summary>
    public int HeaderLength { get; private set; }

    /// <summary>Protocol of the transport, after extension headers.</summary>
    public byte Protocol { get; private set; }

    /// <summary>The transport header is not there: a later fragment.</summary>
    public bool IsLaterFragment { get; private set; }

    /// <summary>Part of a fragmented packet, the first one included.</summary>
    public bool IsFragment { get; private set; }

    public bool DontFragment => IsV6 || (_octets[6] & 0x40) != 0;

    public IpAddress Source => IsV6
        ? IpAddress.FromV6(BinaryPrimitives.ReadUInt128BigEndian(_octets.AsSpan(8)))
        : IpAddress.FromV4(BinaryPrimitives.ReadUInt32BigEndian(_octets.AsSpan(12)));

    public IpAddress Destination => IsV6
        ? IpAddress.FromV6(BinaryPrimitives.ReadUInt128BigEndian(_octets.AsSpan(24)))
        : IpAddress.FromV4(BinaryPrimitives.ReadUInt32BigEndian(_octets.AsSpan(16)));

    public byte TrafficClass => IsV6 ? (byte)(BinaryPrimitives.ReadUInt16BigEndian(_octets) >> 4) : _octets[1];

    /// <summary>Transport header and payload.</summary>
    public Span<byte> Payload => _octets.AsSpan(HeaderLength, Length - HeaderLength);

    /// <summary>The channel it came by; null for a packet the node itself made.</summary>
    internal Channel? Inbound { get; set; }

    /// <summary>The mapping that a NAT found for it on its way in and completes on its way out.</summary>
    internal object? Mapping { get; set; }

    /// <summary>Class of the destination in the routing tables; -1 until it was looked up.</summary>
    internal int Route { get; set; } = -1;

    /// <summary>Octets that are known, from the first on: all of them, but for a packet that is rebuilt from a quote.</summary>
    internal int Known { get; set; }

    /// <summary>Takes over a packet; false when it is no whole IP packet.</summary>
    internal bool TrySet(ReadOnlySpan<byte> octets)
    {
        if (!IpPacket.TryRead(octets, out var packet) || packet.Truncated)
        {
            return false;
        }

        // Octets beyond the total length are padding of some link.
        var whole = octets[..packet.TotalLength];
        if (_octets.Length < whole.Length)
        {
            _octets = Room(whole.Length);
        }

        whole.CopyTo(_octets);
        Length = Known = whole.Length;
        Protocol = packet.Protocol;
        HeaderLength = packet.HeaderLength;
        IsLaterFragment = packet.FragmentOffset > 0;
        IsFragment = IsLaterFragment || packet.MoreFragments;
        Route = -1;
        return true;
    }

    internal void CopyFrom(SimulatedPacket other)
    {
        if (_octets.Length < other.Length)
        {
            _octets = Room(other.Length);
        }

        other.Octets.CopyTo(_octets);
        (Length, Known) = (other.Length, other.Known);
        Protocol = other.Protocol;
        HeaderLength = other.HeaderLength;
        IsLaterFragment = other.IsLaterFragment;
        IsFragment = other.IsFragment;
        Route = other.Route;
        Id = other.Id;
        Cause = other.Cause;
    }

    /// <summary>Counts the TTL down by one; the IPv4 header checksum follows (RFC 1624).</summary>
    internal void Decrement()
    {
        if (IsV6)
        {
            _octets[7]--;
            return;
        }

        _octets[8]--;
        var sum = BinaryPrimitives.ReadUInt16BigEndian(_octets.AsSpan(10)) + 0x100u;
        BinaryPrimitives.WriteUInt16BigEndian(_octets.AsSpan(10), (ushort)(sum + (sum >> 16)));
    }

    /// <summary>Changes the TOS or traffic class octet.</summary>
    internal void SetTrafficClass(byte value)
    {
        if (IsV6)
        {
            var head = BinaryPrimitives.ReadUInt16BigEndian(_octets);
            BinaryPrimitives.WriteUInt16BigEndian(_octets, (ushort)((head & 0xf00f) | value << 4));
            return;
        }

        _octets[1] = value;
        RewriteHeaderChecksum();
    }

    // Probes are small; what is not grows once and is used again.
    private static byte[] Room(int length) => new byte[length <= 256 ? 256 : Math.Max(length, 2048)];

    internal void RewriteHeaderChecksum()
    {
        if (IsV6)
        {
            return;
        }

        var header = _octets.AsSpan(0, (_octets[0] & 0x0f) * 4);
        header[10..12].Clear();
        BinaryPrimitives.WriteUInt16BigEndian(header[10..], Checksum.Of(header));
    }
}
