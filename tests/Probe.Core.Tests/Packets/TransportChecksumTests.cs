using Probe.Core.Packets;
using static Probe.Core.Tests.Packets.Octets;

namespace Probe.Core.Tests.Packets;

public class TransportChecksumTests
{
    private static readonly IpAddress Source4 = IpAddress.Parse("192.0.2.1");
    private static readonly IpAddress Destination4 = IpAddress.Parse("192.0.2.2");
    private static readonly IpAddress Source6 = IpAddress.Parse("2001:db8::1");
    private static readonly IpAddress Destination6 = IpAddress.Parse("2001:db8::2");

    [Fact]
    public void An_ICMP_checksum_has_no_pseudo_header()
    {
        var message = Hex("08000000 00ff0001 0001020304050607");
        TransportChecksum.Write(message, IpProtocol.Icmp, Source4, Destination4);
        Assert.Equal(Hex("0800eaef 00ff0001 0001020304050607"), message);
        Assert.True(TransportChecksum.IsValid(message, IpProtocol.Icmp, default, default));
    }

    [Fact]
    public void A_UDP_checksum_that_comes_out_as_0_is_written_as_ffff()
    {
        // The payload is chosen so that everything else sums to ffff.
        foreach (var (source, destination) in new[] { (Source4, Destination4), (Source6, Destination6) })
        {
            var datagram = new byte[10];
            UdpHeader.Write(datagram, 49713, 33435, 2);
            var missing = Checksum.Finish(Checksum.Sum(datagram, Checksum.PseudoHeader(source, destination, IpProtocol.Udp, 10)));
            datagram[8] = (byte)(missing >> 8);
            datagram[9] = (byte)missing;
            TransportChecksum.Write(datagram, IpProtocol.Udp, source, destination);

            Assert.Equal(Hex("ffff"), datagram[6..8]);
            Assert.True(TransportChecksum.IsValid(datagram, IpProtocol.Udp, source, destination));
        }
    }

    [Fact]
    public void A_UDP_checksum_of_0_is_not_sent_over_IPv4_and_wrong_over_IPv6()
    {
        var datagram = Hex("c231829b 000c0000 aabbccdd");
        Assert.True(TransportChecksum.IsValid(datagram, IpProtocol.Udp, Source4, Destination4));
        Assert.False(TransportChecksum.IsValid(datagram, IpProtocol.Udp, Source6, Destination6));
    }

    [Theory]
    [InlineData(IpProtocol.Tcp, 20)]
    [InlineData(IpProtocol.Tcp, 33)]
    [InlineData(IpProtocol.Udp, 8)]
    [InlineData(IpProtocol.Udp, 1001)]
    [InlineData(IpProtocol.IcmpV6, 8)]
    [InlineData(IpProtocol.IcmpV6, 65)]
    [InlineData(IpProtocol.Icmp, 8)]
    public void What_is_written_is_valid_and_any_changed_bit_is_not(byte protocol, int length)
    {
        var segment = Counting(length);
        TransportChecksum.Write(segment, protocol, Source6, Destination6);
        Assert.True(TransportChecksum.IsValid(segment, protocol, Source6, Destination6));
        for (var i = 0; i < length; i++)
        {
            segment[i] ^= 0x10;
            Assert.False(TransportChecksum.IsValid(segment, protocol, Source6, Destination6), $"octet {i}");
            segment[i] ^= 0x10;
        }

        if (protocol != IpProtocol.Icmp)
        {
            Assert.False(TransportChecksum.IsValid(segment, protocol, Source6, Source6));
        }
    }

    [Theory]
    [InlineData(IpProtocol.Tcp, 17)]
    [InlineData(IpProtocol.Udp, 7)]
    [InlineData(IpProtocol.Icmp, 3)]
    [InlineData(IpProtocol.IcmpV6, 0)]
    [InlineData(IpProtocol.Gre, 100)]
    public void A_segment_that_cannot_hold_a_checksum_has_none(byte protocol, int length)
    {
        Assert.False(TransportChecksum.IsValid(new byte[length], protocol, Source4, Destination4));
        Assert.Throws<ArgumentException>(() => TransportChecksum.Write(new byte[length], protocol, Source4, Destination4));
    }
}
