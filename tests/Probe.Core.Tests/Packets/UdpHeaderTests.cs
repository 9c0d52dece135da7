using Probe.Core.Packets;
using static Probe.Core.Tests.Packets.Octets;

namespace Probe.Core.Tests.Packets;

public class UdpHeaderTests
{
    [Theory]
    [InlineData(8, 0)]
    [InlineData(10, 2)]
    [InlineData(12, 4)]
    [InlineData(1000, 4)] // cut
    public void The_payload_ends_where_the_length_or_the_data_says(ushort length, int payload)
    {
        var datagram = Hex("c231829b 0000bf6b aabbccdd");
        datagram[4] = (byte)(length >> 8);
        datagram[5] = (byte)length;
        Assert.True(UdpHeader.TryRead(datagram, out var udp));
        Assert.Equal((49713, 33435), (udp.SourcePort, udp.DestinationPort));
        Assert.Equal((int)length, udp.DatagramLength);
        Assert.Equal(0xbf6b, udp.Checksum);
        Assert.Equal(Hex("aabbccdd").AsSpan(0, payload), udp.Payload);
    }

    [Theory]
    [InlineData("c231829b 000cbf")]
    [InlineData("")]
    [InlineData("c231829b 0007bf6b aabbccdd")]
    [InlineData("c231829b 0000bf6b aabbccdd")]
    public void A_datagram_without_a_whole_header_is_refused(string octets) => Assert.False(UdpHeader.TryRead(Hex(octets), out _));

    [Fact]
    public void A_length_that_does_not_fit_is_refused_by_the_writer()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => UdpHeader.Write(new byte[8], 1, 2, -1));
        Assert.Throws<ArgumentOutOfRangeException>(() => UdpHeader.Write(new byte[8], 1, 2, 65528));
    }
}
