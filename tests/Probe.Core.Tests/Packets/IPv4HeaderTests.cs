using Probe.Core.Packets;
using static Probe.Core.Tests.Packets.Octets;

namespace Probe.Core.Tests.Packets;

public class IPv4HeaderTests
{
    private const string ScamperUdp = "45000020 12340000 ff112595 c0000201 c0000202 c231829b 000cbf6b aabbccdd";

    private static readonly IPv4Fields Fields = new()
    {
        Id = 0x1234,
        Ttl = 255,
        Protocol = IpProtocol.Udp,
        Source = IpAddress.Parse("192.0.2.1"),
        Destination = IpAddress.Parse("192.0.2.2"),
    };

    [Fact]
    public void Builds_the_packet_that_scamper_publishes()
    {
        var packet = new byte[32];
        var header = IPv4Header.Write(packet, Fields, 12);
        var datagram = packet.AsSpan(header);
        var udp = UdpHeader.Write(datagram, 49713, 33435, 4);
        Hex("aabbccdd").CopyTo(datagram[udp..]);
        TransportChecksum.Write(datagram, IpProtocol.Udp, Fields.Source, Fields.Destination);

        Assert.Equal(Hex(ScamperUdp), packet);
    }

    [Fact]
    public void Reads_the_packet_that_scamper_publishes()
    {
        Assert.True(IPv4Header.TryRead(Hex(ScamperUdp), out var ip));
        Assert.Equal(20, ip.HeaderLength);
        Assert.Equal(32, ip.TotalLength);
        Assert.Equal(0, ip.TrafficClass);
        Assert.Equal(0x1234, ip.Id);
        Assert.False(ip.DontFragment);
        Assert.False(ip.MoreFragments);
        Assert.Equal(0, ip.FragmentOffset);
        Assert.Equal(255, ip.Ttl);
        Assert.Equal(IpProtocol.Udp, ip.Protocol);
        Assert.Equal(0x2595, ip.HeaderChecksum);
        Assert.True(ip.ChecksumValid);
        Assert.Equal(Fields.Source, ip.Source);
        Assert.Equal(Fields.Destination, ip.Destination);
        Assert.True(ip.Options.IsEmpty);
        Assert.False(ip.Truncated);
        Assert.Equal(Hex("c231829b 000cbf6b aabbccdd"), ip.Payload);
        Assert.True(TransportChecksum.IsValid(ip.Payload, ip.Protocol, ip.Source, ip.Destination));
    }

    [Fact]
    public void A_changed_octet_breaks_the_header_checksum()
    {
        var packet = Hex(ScamperUdp);
        packet[8]--;
        Assert.True(IPv4Header.TryRead(packet, out var ip));
        Assert.False(ip.ChecksumValid);
    }

    [Theory]
    [InlineData("4000", true, false, 0)]
    [InlineData("2000", false, true, 0)]
    [InlineData("20b9", false, true, 1480)]
    [InlineData("1fff", false, false, 65528)]
    [InlineData("8000", false, false, 0)]
    public void Reads_fragment_fields(string field, bool dontFragment, bool moreFragments, int offset)
    {
        var packet = Hex(ScamperUdp);
        Hex(field).CopyTo(packet, 6);
        Assert.True(IPv4Header.TryRead(packet, out var ip));
        Assert.Equal((dontFragment, moreFragments, offset), (ip.DontFragment, ip.MoreFragments, ip.FragmentOffset));
    }

    [Fact]
    public void Options_stand_between_header_and_payload()
    {
        var options = Hex("94040000 01010100");
        var packet = new byte[32];
        Assert.Equal(28, IPv4Header.Write(packet, Fields, 4, options));
        Hex("aabbccdd").CopyTo(packet, 28);

        Assert.True(IPv4Header.TryRead(packet, out var ip));
        Assert.Equal(0x47, packet[0]);
        Assert.Equal(28, ip.HeaderLength);
        Assert.Equal(options, ip.Options);
        Assert.Equal(Hex("aabbccdd"), ip.Payload);
        Assert.True(ip.ChecksumValid);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(39)]
    [InlineData(44)]
    public void Options_that_do_not_fit_are_refused_by_the_writer(int length) =>
        Assert.Throws<ArgumentException>(() => IPv4Header.Write(new byte[100], Fields, 0, new byte[length]));

    [Theory]
    [InlineData(-8)]
    [InlineData(4)]
    [InlineData(65536)]
    public void A_fragment_offset_that_does_not_fit_is_refused_by_the_writer(int offset) =>
        Assert.Throws<ArgumentException>(() => IPv4Header.Write(new byte[100], Fields with { FragmentOffset = offset }, 0));

    [Theory]
    [InlineData(-1)]
    [InlineData(65516)]
    public void A_length_that_does_not_fit_is_refused_by_the_writer(int length) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => IPv4Header.Write(new byte[100], Fields, length));

    [Theory]
    [InlineData(0x44, 32)] // shorter than a header
    [InlineData(0x40, 32)]
    [InlineData(0x4f, 32)] // options beyond the data
    [InlineData(0x4f, 59)]
    [InlineData(0x65, 32)] // another version
    [InlineData(0x05, 32)]
    [InlineData(0x45, 19)]
    [InlineData(0x45, 0)]
    public void A_header_that_is_not_whole_is_refused(byte first, int length)
    {
        var packet = new byte[60];
        Hex(ScamperUdp).CopyTo(packet, 0);
        packet[0] = first;
        packet[3] = 60;
        Assert.False(IPv4Header.TryRead(packet.AsSpan(0, length), out _));
        Assert.False(IPv4Header.TryReadQuote(packet.AsSpan(0, length), out _));
    }

    [Fact]
    public void A_header_of_60_octets_is_read_whole()
    {
        var packet = new byte[64];
        Assert.Equal(60, IPv4Header.Write(packet, Fields, 4, Counting(40)));
        Assert.True(IPv4Header.TryRead(packet, out var ip));
        Assert.Equal(Counting(40), ip.Options);
        Assert.Equal(4, ip.Payload.Length);
    }

    [Theory]
    [InlineData(1500, true, 12)] // promises more than there is
    [InlineData(32, false, 12)]
    [InlineData(28, false, 8)]   // less: the rest is link-layer padding
    [InlineData(20, false, 0)]
    public void The_payload_ends_where_the_total_length_or_the_data_says(ushort total, bool truncated, int payload)
    {
        Assert.True(IPv4Header.TryRead(WithTotalLength(total), out var ip));
        Assert.Equal(total, ip.TotalLength);
        Assert.Equal(truncated, ip.Truncated);
        Assert.Equal(payload, ip.Payload.Length);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(19)]
    public void A_total_length_below_the_header_is_refused(ushort total) => Assert.False(IPv4Header.TryRead(WithTotalLength(total), out _));

    [Theory]
    [InlineData(0, 12)]     // zeroed
    [InlineData(12, 12)]    // lessened by the header
    [InlineData(27, 12)]    // less than the 8 octets a quote holds
    [InlineData(28, 8)]     // plausible: the rest is padding
    [InlineData(0x2000, 12)] // host byte order
    public void A_quote_whose_total_length_lies_keeps_its_payload(ushort total, int payload)
    {
        Assert.True(IPv4Header.TryReadQuote(WithTotalLength(total), out var ip));
        Assert.Equal(total, ip.TotalLength);
        Assert.Equal(payload, ip.Payload.Length);
        Assert.True(IpPacket.TryReadQuote(WithTotalLength(total), out var packet));
        Assert.Equal(payload, packet.Payload.Length);
    }

    private static byte[] WithTotalLength(ushort total)
    {
        var packet = Hex(ScamperUdp);
        packet[2] = (byte)(total >> 8);
        packet[3] = (byte)total;
        return packet;
    }
}
