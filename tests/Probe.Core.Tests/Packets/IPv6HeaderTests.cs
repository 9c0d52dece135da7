using Probe.Core.Packets;
using static Probe.Core.Tests.Packets.Octets;

namespace Probe.Core.Tests.Packets;

public class IPv6HeaderTests
{
    private const string Echo = "62812345 000d3a40 20010db8000000000000000000000001 20010db8000000000000000000000002 8000cd32 12340007 70726f6265";
    private const string Udp = "c231829b 000c0000 aabbccdd";
    private const string HopByHopTo = "00 05020000 0100";

    private static readonly IPv6Fields Fields = new()
    {
        TrafficClass = 0x28,
        FlowLabel = 0x12345,
        NextHeader = IpProtocol.IcmpV6,
        HopLimit = 64,
        Source = IpAddress.Parse("2001:db8::1"),
        Destination = IpAddress.Parse("2001:db8::2"),
    };

    [Fact]
    public void Builds_an_echo_request_octet_by_octet()
    {
        var packet = new byte[53];
        Assert.Equal(40, IPv6Header.Write(packet, Fields, 13));
        Assert.Equal(13, IcmpMessage.Write(packet.AsSpan(40), isV6: true, 128, 0, 0x12340007, "probe"u8));
        TransportChecksum.Write(packet.AsSpan(40), IpProtocol.IcmpV6, Fields.Source, Fields.Destination);
        Assert.Equal(Hex(Echo), packet);
    }

    [Fact]
    public void Reads_an_echo_request()
    {
        Assert.True(IPv6Header.TryRead(Hex(Echo), out var ip));
        Assert.Equal(0x28, ip.TrafficClass);
        Assert.Equal(0x12345u, ip.FlowLabel);
        Assert.Equal(13, ip.PayloadLength);
        Assert.Equal(IpProtocol.IcmpV6, ip.NextHeader);
        Assert.Equal(IpProtocol.IcmpV6, ip.Protocol);
        Assert.Equal(64, ip.HopLimit);
        Assert.Equal(Fields.Source, ip.Source);
        Assert.Equal(Fields.Destination, ip.Destination);
        Assert.Equal(40, ip.HeaderLength);
        Assert.Equal(13, ip.Payload.Length);
        Assert.False(ip.Truncated);
        Assert.True(TransportChecksum.IsValid(ip.Payload, ip.Protocol, ip.Source, ip.Destination));
    }

    [Theory]
    [InlineData(39, 0x60)]
    [InlineData(0, 0x60)]
    [InlineData(40, 0x45)]
    [InlineData(40, 0x50)]
    public void What_is_no_whole_header_is_refused(int length, byte first)
    {
        var packet = new byte[40];
        packet[0] = first;
        Assert.False(IPv6Header.TryRead(packet.AsSpan(0, length), out _));
    }

    [Theory]
    [InlineData(0, false, 0)]
    [InlineData(5, false, 5)]
    [InlineData(13, false, 13)]
    [InlineData(14, true, 13)]
    [InlineData(65535, true, 13)]
    public void The_payload_ends_where_the_payload_length_or_the_data_says(int declared, bool truncated, int payload)
    {
        var packet = Hex(Echo);
        packet[4] = (byte)(declared >> 8);
        packet[5] = (byte)declared;
        Assert.True(IPv6Header.TryRead(packet, out var ip));
        Assert.Equal((truncated, payload), (ip.Truncated, ip.Payload.Length));
    }

    [Theory]
    [InlineData(0, "11" + HopByHopTo, 48)]
    [InlineData(43, "11 02 00 00 00000000 20010db8000000000000000000000003", 64)]
    [InlineData(60, "11 00 0104 00000000", 48)]
    [InlineData(51, "11 04 0000 00000001 00000002 aaaaaaaa bbbbbbbb cccccccc", 64)]
    [InlineData(44, "11 00 0000 0000abcd", 48)]
    [InlineData(0, "3c" + HopByHopTo + "2b 00 0104 00000000" + "2c 00 0000 00000000" + "33 00 0001 0000abcd" + "3c 01 0000 00000001 00000002" + "11 00 0104 00000000", 92)]
    public void Extension_headers_are_walked(byte next, string chain, int headerLength)
    {
        Assert.True(IPv6Header.TryRead(Packet(next, Join(Hex(chain), Hex(Udp))), out var ip));
        Assert.Equal(next, ip.NextHeader);
        Assert.Equal(IpProtocol.Udp, ip.Protocol);
        Assert.Equal(headerLength, ip.HeaderLength);
        Assert.Equal(Hex(Udp), ip.Payload);
        Assert.Equal(0, ip.FragmentOffset);
    }

    [Fact]
    public void A_first_fragment_is_walked_through()
    {
        Assert.True(IPv6Header.TryRead(Packet(44, Join(Hex("3c 00 0001 0000abcd 11 00 0104 00000000"), Hex(Udp))), out var ip));
        Assert.Equal(IpProtocol.Udp, ip.Protocol);
        Assert.Equal(0, ip.FragmentOffset);
        Assert.True(ip.MoreFragments);
    }

    [Fact]
    public void A_later_fragment_ends_the_walk_because_its_octets_are_the_middle_of_something()
    {
        Assert.True(IPv6Header.TryRead(Packet(44, Join(Hex("3c 00 05a8 0000abcd"), Counting(32))), out var ip));
        Assert.Equal(IpProtocol.DestinationOptions, ip.Protocol);
        Assert.Equal(1448, ip.FragmentOffset);
        Assert.False(ip.MoreFragments);
        Assert.Equal(Counting(32), ip.Payload);
    }

    [Theory]
    [InlineData(IpProtocol.NoNextHeader)]
    [InlineData(50)]
    [InlineData(253)]
    public void Other_headers_end_the_walk(byte next)
    {
        Assert.True(IPv6Header.TryRead(Packet(next, Counting(16)), out var ip));
        Assert.Equal(next, ip.Protocol);
        Assert.Equal(40, ip.HeaderLength);
        Assert.Equal(Counting(16), ip.Payload);
    }

    [Fact]
    public void Hop_by_hop_options_anywhere_but_first_end_the_walk()
    {
        Assert.True(IPv6Header.TryRead(Packet(60, Join(Hex("00 00 0104 00000000 11" + HopByHopTo), Hex(Udp))), out var ip));
        Assert.Equal(IpProtocol.HopByHop, ip.Protocol);
        Assert.Equal(48, ip.HeaderLength);
    }

    [Fact]
    public void A_chain_without_end_ends_and_names_no_transport()
    {
        var chain = Enumerable.Repeat(Hex("3c 00 0104 00000000"), 8000).SelectMany(octets => octets).ToArray();
        Assert.True(IPv6Header.TryRead(Packet(60, chain), out var ip));
        Assert.Equal(IpProtocol.DestinationOptions, ip.Protocol);
        Assert.InRange(ip.HeaderLength, 40 + 8, 40 + 8 * 64);
        Assert.Equal(64040, ip.HeaderLength + ip.Payload.Length);
    }

    [Theory]
    [InlineData(true)]  // the data was cut: a quote
    [InlineData(false)] // the payload length ends inside the chain: a liar
    public void A_cut_chain_names_the_header_it_was_cut_in(bool quoted)
    {
        var whole = Packet(0, Join(Hex("2b" + HopByHopTo), Hex("11 02 00 00 00000000 20010db8000000000000000000000003"), Hex(Udp)));
        for (var length = 40; length <= whole.Length; length++)
        {
            var packet = quoted ? whole[..length] : [.. whole];
            if (!quoted)
            {
                packet[5] = (byte)(length - 40);
            }

            Assert.True(IPv6Header.TryRead(packet, out var ip));
            var (protocol, headerLength) = length switch
            {
                < 48 => (IpProtocol.HopByHop, 40),
                < 72 => (IpProtocol.Routing, 48),
                _ => (IpProtocol.Udp, 72),
            };
            Assert.Equal((protocol, headerLength), (ip.Protocol, ip.HeaderLength));
            Assert.Equal(length - headerLength, ip.Payload.Length);
            Assert.Equal(quoted && length < whole.Length, ip.Truncated);
        }
    }

    [Fact]
    public void What_does_not_fit_is_refused_by_the_writer()
    {
        Assert.Throws<ArgumentException>(() => IPv6Header.Write(new byte[40], Fields with { FlowLabel = 0x100000 }, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => IPv6Header.Write(new byte[40], Fields, 65536));
        Assert.Throws<ArgumentOutOfRangeException>(() => IPv6Header.Write(new byte[40], Fields, -1));
        Assert.Throws<ArgumentOutOfRangeException>(() => IPv6Header.Write(new byte[39], Fields, 0));
    }

    [Fact]
    public void Both_families_read_as_one_view()
    {
        Assert.True(IpPacket.TryRead(Hex(Echo), out var v6));
        Assert.True(v6.IsV6);
        Assert.Equal((53, 40, (ushort)0, true, 0x12345u), (v6.TotalLength, v6.HeaderLength, v6.Id, v6.DontFragment, v6.FlowLabel));
        Assert.Equal(((byte)64, (byte)0x28, IpProtocol.IcmpV6), (v6.Ttl, v6.TrafficClass, v6.Protocol));

        var packet = new byte[24];
        IPv4Header.Write(packet, new IPv4Fields { Id = 7, Ttl = 9, TrafficClass = 3, Protocol = 6, MoreFragments = true, FragmentOffset = 16, Source = IpAddress.FromV4(1), Destination = IpAddress.FromV4(2) }, 4);
        Assert.True(IpPacket.TryRead(packet, out var v4));
        Assert.False(v4.IsV6);
        Assert.Equal((24, 20, (ushort)7, false, 0u), (v4.TotalLength, v4.HeaderLength, v4.Id, v4.DontFragment, v4.FlowLabel));
        Assert.Equal(((byte)9, (byte)3, IpProtocol.Tcp), (v4.Ttl, v4.TrafficClass, v4.Protocol));
        Assert.Equal((16, true, 4, false), (v4.FragmentOffset, v4.MoreFragments, v4.Payload.Length, v4.Truncated));
        Assert.Equal((IpAddress.FromV4(1), IpAddress.FromV4(2)), (v4.Source, v4.Destination));

        Assert.False(IpPacket.TryRead([], out _));
        Assert.False(IpPacket.TryRead(new byte[60], out _));
    }

    private static byte[] Packet(byte next, byte[] payload)
    {
        var packet = new byte[40 + payload.Length];
        IPv6Header.Write(packet, Fields with { NextHeader = next }, payload.Length);
        payload.CopyTo(packet, 40);
        return packet;
    }
}
