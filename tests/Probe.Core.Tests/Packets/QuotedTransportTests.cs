using Probe.Core.Packets;
using static Probe.Core.Tests.Packets.IcmpErrors;
using static Probe.Core.Tests.Packets.Octets;

namespace Probe.Core.Tests.Packets;

public class QuotedTransportTests
{
    private const string Udp = "c350829a 00140ace 0102030405060708 090a0b0c";
    private const string Tcp = "c35001bb deadbeef 00000000 6002faf0 87760000 020405b4 aabbcc";
    private const string Echo = "0800eaef 00ff0107 0001020304050607";

    [Fact]
    public void A_UDP_quote_cut_at_every_length_gives_what_is_there()
    {
        var whole = Hex(Udp);
        for (var length = 0; length <= whole.Length; length++)
        {
            var read = QuotedTransport.TryRead(whole.AsSpan(0, length), IpProtocol.Udp, out var quoted);
            Assert.Equal(length >= 8, read);
            if (read)
            {
                Assert.Equal((50000, 33434, 0u), (quoted.SourcePort, quoted.DestinationPort, quoted.Sequence));
                Assert.Equal((0x0ace, true, 0), (quoted.Checksum, quoted.HasChecksum, quoted.IcmpType));
                Assert.Equal(whole.AsSpan(8, length - 8), quoted.Payload);
            }
        }
    }

    [Fact]
    public void A_TCP_quote_cut_at_every_length_gives_what_is_there()
    {
        var whole = Hex(Tcp);
        for (var length = 0; length <= whole.Length; length++)
        {
            var read = QuotedTransport.TryRead(whole.AsSpan(0, length), IpProtocol.Tcp, out var quoted);
            Assert.Equal(length >= 8, read);
            if (read)
            {
                Assert.Equal((50000, 443, 0xdeadbeef), (quoted.SourcePort, quoted.DestinationPort, quoted.Sequence));
                Assert.Equal(length >= 18, quoted.HasChecksum);
                Assert.Equal(length >= 18 ? 0x8776 : 0, quoted.Checksum);
                Assert.Equal(whole.AsSpan(24, Math.Max(length - 24, 0)), quoted.Payload);
            }
        }
    }

    [Theory]
    [InlineData(IpProtocol.Icmp, 8, true)]
    [InlineData(IpProtocol.Icmp, 0, true)]
    [InlineData(IpProtocol.Icmp, 13, false)]
    [InlineData(IpProtocol.IcmpV6, 128, true)]
    [InlineData(IpProtocol.IcmpV6, 129, true)]
    [InlineData(IpProtocol.IcmpV6, 8, false)]
    public void An_ICMP_quote_cut_at_every_length_gives_what_is_there(byte protocol, byte type, bool isEcho)
    {
        var whole = Hex(Echo);
        whole[0] = type;
        for (var length = 0; length <= whole.Length; length++)
        {
            var read = QuotedTransport.TryRead(whole.AsSpan(0, length), protocol, out var quoted);
            Assert.Equal(length >= 8, read);
            if (read)
            {
                Assert.Equal(isEcho ? (255, 0, 0x107u) : (0, 0, 0u), (quoted.SourcePort, quoted.DestinationPort, quoted.Sequence));
                Assert.Equal((0xeaef, true, type), (quoted.Checksum, quoted.HasChecksum, quoted.IcmpType));
                Assert.Equal(whole.AsSpan(8, length - 8), quoted.Payload);
            }
        }
    }

    [Theory]
    [InlineData(IpProtocol.Gre)]
    [InlineData(IpProtocol.DestinationOptions)]
    [InlineData(132)]
    public void Other_protocols_are_refused(byte protocol) => Assert.False(QuotedTransport.TryRead(Counting(40), protocol, out _));

    [Theory]
    [InlineData(false, 0)]
    [InlineData(false, 4)]
    [InlineData(false, 40)]
    [InlineData(true, 0)]
    public void A_quote_inside_an_error_cut_at_every_length_tells_the_probe_as_soon_as_8_octets_follow_the_header(bool isV6, int options)
    {
        var probe = UdpProbe(isV6, 100);
        if (options > 0)
        {
            var datagram = probe[20..];
            probe = new byte[20 + options + datagram.Length];
            var fields = new IPv4Fields { Id = 77, Ttl = 1, Protocol = IpProtocol.Udp, Source = Source4, Destination = Target4 };
            IPv4Header.Write(probe, fields, datagram.Length, new byte[options]);
            datagram.CopyTo(probe, 20 + options);
        }

        var header = isV6 ? 40 : 20 + options;
        for (var length = 0; length <= probe.Length; length++)
        {
            var octets = TimeExceeded(isV6, 0, probe[..length]);
            Assert.True(IcmpMessage.TryRead(octets, isV6, out var message));
            Assert.Equal(probe.AsSpan(0, length), message.Quote);
            var hasHeader = IpPacket.TryReadQuote(message.Quote, out var ip);
            Assert.Equal(length >= header, hasHeader);
            if (!hasHeader)
            {
                continue;
            }

            Assert.Equal((isV6 ? Source6 : Source4, isV6 ? Target6 : Target4), (ip.Source, ip.Destination));
            Assert.Equal((probe.Length, header, length < probe.Length), (ip.TotalLength, ip.HeaderLength, ip.Truncated));
            var hasTransport = QuotedTransport.TryRead(ip.Payload, ip.Protocol, out var transport);
            Assert.Equal(length >= header + 8, hasTransport);
            if (hasTransport)
            {
                Assert.Equal((50000, 33434), (transport.SourcePort, transport.DestinationPort));
                Assert.Equal(probe.AsSpan(header + 8, length - header - 8), transport.Payload);
            }
        }
    }

    [Fact]
    public void Extension_headers_in_a_quote_are_walked_to_the_ports()
    {
        var datagram = UdpProbe(isV6: true, 60)[40..];
        var probe = new byte[40 + 16 + datagram.Length];
        IPv6Header.Write(probe, new IPv6Fields { NextHeader = 0, HopLimit = 1, Source = Source6, Destination = Target6 }, probe.Length - 40);
        Hex("3c00050200000100 1100010400000000").CopyTo(probe, 40);
        datagram.CopyTo(probe, 56);

        Assert.True(IcmpMessage.TryRead(TimeExceeded(isV6: true, 0, probe), isV6: true, out var message));
        Assert.True(IpPacket.TryReadQuote(message.Quote, out var ip));
        Assert.True(QuotedTransport.TryRead(ip.Payload, ip.Protocol, out var transport));
        Assert.Equal((50000, 33434), (transport.SourcePort, transport.DestinationPort));
    }
}
