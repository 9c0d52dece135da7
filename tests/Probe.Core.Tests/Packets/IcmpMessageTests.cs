using Probe.Core.Packets;
using static Probe.Core.Tests.Packets.IcmpErrors;
using static Probe.Core.Tests.Packets.Octets;

namespace Probe.Core.Tests.Packets;

public class IcmpMessageTests
{
    [Fact]
    public void Reads_an_echo_request_of_either_family()
    {
        Assert.True(IcmpMessage.TryRead(Hex("0800eaef 00ff0001 0001020304050607"), isV6: false, out var v4));
        Assert.Equal((8, 0, 0xeaef, 255, 1), ((int)v4.Type, (int)v4.Code, (int)v4.Checksum, (int)v4.Identifier, (int)v4.Sequence));
        Assert.Equal((true, false, false, 0u), (v4.IsEchoRequest, v4.IsEchoReply, v4.IsError, v4.Mtu));
        Assert.Equal(Hex("0001020304050607"), v4.Body);
        Assert.True(v4.Quote.IsEmpty);
        Assert.True(v4.ChecksumValid(default, default));

        Assert.True(IcmpMessage.TryRead(Hex("8000cd32 12340007 70726f6265"), isV6: true, out var v6));
        Assert.Equal((0x1234, 7), (v6.Identifier, v6.Sequence));
        Assert.Equal((true, false, false), (v6.IsEchoRequest, v6.IsEchoReply, v6.IsError));
        Assert.True(v6.ChecksumValid(IpAddress.Parse("2001:db8::1"), IpAddress.Parse("2001:db8::2")));
        Assert.False(v6.ChecksumValid(IpAddress.Parse("2001:db8::1"), IpAddress.Parse("2001:db8::3")));
    }

    [Theory]
    [InlineData(false, 0, 8)]
    [InlineData(true, 129, 128)]
    public void Reply_and_request_are_told_apart(bool isV6, byte reply, byte request)
    {
        for (var type = 0; type < 256; type++)
        {
            Assert.True(IcmpMessage.TryRead([(byte)type, 0, 0, 0, 0, 0, 0, 0], isV6, out var message));
            Assert.Equal((type == reply, type == request), (message.IsEchoReply, message.IsEchoRequest));
        }
    }

    [Theory]
    [InlineData(false, "3 4 5 11 12")]
    [InlineData(true, "1 2 3 4")]
    public void Errors_are_the_types_that_quote(bool isV6, string types)
    {
        var errors = Enumerable.Range(0, 256)
            .Where(type => IcmpMessage.TryRead([(byte)type, 0, 0, 0, 0, 0, 0, 0, 9], isV6, out var message) && message.IsError && message.Quote.Length == 1);
        Assert.Equal(types, string.Join(' ', errors));
    }

    [Theory]
    [InlineData(false, 3, 4, "00000578", 1400u)]
    [InlineData(false, 3, 4, "00000000", 0u)]
    [InlineData(false, 3, 4, "00200578", 1400u)] // with a length field
    [InlineData(false, 3, 4, "ffffffff", 65535u)]
    [InlineData(false, 3, 3, "00000578", 0u)]
    [InlineData(false, 11, 4, "00000578", 0u)]
    [InlineData(true, 2, 0, "00000500", 1280u)]
    [InlineData(true, 2, 0, "ffffffff", 4294967295u)]
    [InlineData(true, 3, 4, "00000500", 0u)]
    [InlineData(true, 1, 4, "00000500", 0u)]
    public void The_MTU_stands_in_frag_needed_and_packet_too_big_only(bool isV6, byte type, byte code, string rest, uint mtu)
    {
        Assert.True(IcmpMessage.TryRead(Join([type, code, 0, 0], Hex(rest)), isV6, out var message));
        Assert.Equal(mtu, message.Mtu);
    }

    [Fact]
    public void The_36_octets_of_a_frag_needed_with_the_shortest_quote_tell_the_probe()
    {
        var quote = UdpProbe(isV6: false, 60)[..28];
        var octets = Error(isV6: false, 3, 4, 0, quote);
        Hex("2328").CopyTo(octets, 6);
        Assert.Equal(36, octets.Length);
        Assert.True(IcmpMessage.TryRead(octets, isV6: false, out var message));
        Assert.Equal(9000u, message.Mtu);
        Assert.True(IpPacket.TryReadQuote(message.Quote, out var ip));
        Assert.Equal((60, true, Target4), (ip.TotalLength, ip.Truncated, ip.Destination));
        Assert.True(QuotedTransport.TryRead(ip.Payload, ip.Protocol, out var transport));
        Assert.Equal((50000, 33434), (transport.SourcePort, transport.DestinationPort));
        Assert.False(message.TryReadExtensions(out _));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    public void A_message_below_8_octets_is_refused(int length)
    {
        Assert.False(IcmpMessage.TryRead(new byte[length], isV6: false, out _));
        Assert.False(IcmpMessage.TryRead(new byte[length], isV6: true, out _));
    }

    [Fact]
    public void A_changed_octet_breaks_the_checksum()
    {
        var octets = TimeExceeded(isV6: true, 0, UdpProbe(isV6: true, 60));
        Assert.True(IcmpMessage.TryRead(octets, isV6: true, out var message));
        Assert.True(message.ChecksumValid(Target6, Source6));
        octets[^1] ^= 1;
        Assert.False(message.ChecksumValid(Target6, Source6));
    }

    [Fact]
    public void A_span_too_short_is_refused_by_the_writer_untouched()
    {
        var span = new byte[11];
        Assert.Throws<ArgumentOutOfRangeException>(() => IcmpMessage.Write(span, isV6: false, 8, 0, 1, new byte[4]));
        Assert.Equal(new byte[11], span);
    }
}
