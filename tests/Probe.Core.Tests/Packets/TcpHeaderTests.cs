using Probe.Core.Packets;
using static Probe.Core.Tests.Packets.Octets;

namespace Probe.Core.Tests.Packets;

public class TcpHeaderTests
{
    private const string Syn = "4500003c abcd4000 400628b0 c6336401 cb007109 c00001bb deadbeef 00000000 a002faf0 87760000 020405b4 0402 080a0000000100000000 01 030307";

    private static readonly TcpFields Fields = new()
    {
        SourcePort = 0xc000,
        DestinationPort = 443,
        Sequence = 0xdeadbeef,
        Flags = TcpFlags.Syn,
        Window = 64240,
    };

    [Fact]
    public void Builds_a_SYN_octet_by_octet()
    {
        var (source, destination) = (IpAddress.Parse("198.51.100.1"), IpAddress.Parse("203.0.113.9"));
        var packet = new byte[60];
        var ip = new IPv4Fields { Id = 0xabcd, DontFragment = true, Ttl = 64, Protocol = IpProtocol.Tcp, Source = source, Destination = destination };
        var header = IPv4Header.Write(packet, ip, 40);
        Assert.Equal(40, TcpHeader.Write(packet.AsSpan(header), Fields, Hex("020405b4 0402 080a0000000100000000 01 030307")));
        TransportChecksum.Write(packet.AsSpan(header), IpProtocol.Tcp, source, destination);
        Assert.Equal(Hex(Syn), packet);
    }

    [Fact]
    public void Reads_a_SYN()
    {
        Assert.True(IpPacket.TryRead(Hex(Syn), out var ip));
        Assert.True(TransportChecksum.IsValid(ip.Payload, ip.Protocol, ip.Source, ip.Destination));
        Assert.True(TcpHeader.TryRead(ip.Payload, out var tcp));
        Assert.Equal((0xc000, 443), (tcp.SourcePort, tcp.DestinationPort));
        Assert.Equal((0xdeadbeefu, 0u), (tcp.Sequence, tcp.Acknowledgment));
        Assert.Equal((TcpFlags.Syn, 64240, 0x8776, 0), (tcp.Flags, tcp.Window, tcp.Checksum, tcp.UrgentPointer));
        Assert.Equal(40, tcp.HeaderLength);
        Assert.True(tcp.Payload.IsEmpty);
        Assert.Equal(
            new TcpOptions { MaximumSegmentSize = 1460, SackPermitted = true, Timestamps = (1, 0), WindowScale = 7 },
            tcp.ReadOptions());
    }

    [Theory]
    [InlineData(0x50, 19)]
    [InlineData(0x50, 0)]
    [InlineData(0x40, 40)] // shorter than a header
    [InlineData(0x00, 40)]
    [InlineData(0x60, 23)] // options beyond the data
    [InlineData(0xf0, 59)]
    public void A_header_that_is_not_whole_is_refused(byte offset, int length)
    {
        var segment = new byte[60];
        segment[12] = offset;
        Assert.False(TcpHeader.TryRead(segment.AsSpan(0, length), out _));
    }

    [Fact]
    public void The_payload_begins_after_the_options()
    {
        var segment = new byte[28];
        TcpHeader.Write(segment, Fields, Hex("01010101"));
        Hex("aabbccdd").CopyTo(segment, 24);
        Assert.True(TcpHeader.TryRead(segment, out var tcp));
        Assert.Equal(Hex("01010101"), tcp.Options);
        Assert.Equal(Hex("aabbccdd"), tcp.Payload);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(44)]
    public void Options_that_do_not_fit_are_refused_by_the_writer(int length) =>
        Assert.Throws<ArgumentException>(() => TcpHeader.Write(new byte[100], Fields, new byte[length]));

    [Fact]
    public void Every_flag_is_its_bit()
    {
        var segment = new byte[20];
        for (var bits = 0; bits < 256; bits++)
        {
            TcpHeader.Write(segment, Fields with { Flags = (TcpFlags)bits }, []);
            Assert.Equal(bits, segment[13]);
            Assert.True(TcpHeader.TryRead(segment, out var tcp));
            Assert.Equal((TcpFlags)bits, tcp.Flags);
        }

        Assert.Equal(0x12, (int)(TcpFlags.Syn | TcpFlags.Ack));
        Assert.Equal(0xed, (int)(TcpFlags.Fin | TcpFlags.Rst | TcpFlags.Psh | TcpFlags.Urg | TcpFlags.Ece | TcpFlags.Cwr));
    }

    public static TheoryData<string, TcpOptions> OptionCases => new()
    {
        { "", default },
        { "020405b4", new TcpOptions { MaximumSegmentSize = 1460 } },
        { "03030e00", new TcpOptions { WindowScale = 14 } },
        { "0303ff00", new TcpOptions { WindowScale = 255 } },
        { "04020101", new TcpOptions { SackPermitted = true } },
        { "0101080a fffffffe 00000001", new TcpOptions { Timestamps = (0xfffffffe, 1) } },
        { "01010101 020405b4", new TcpOptions { MaximumSegmentSize = 1460 } },

        // After the end of the list nothing counts.
        { "0402 00 00 020405b4", new TcpOptions { SackPermitted = true } },

        // Unknown options are passed over.
        { "1e0c0001 00000000 00000000 020405b4", new TcpOptions { MaximumSegmentSize = 1460 } },

        // Of an option sent twice the last counts.
        { "02040218 020405b4", new TcpOptions { MaximumSegmentSize = 1460 } },

        // Malformed: what stood before stays, what comes after does not count.
        { "0402 0200 020405b4", new TcpOptions { SackPermitted = true } },
        { "0402 0201 020405b4", new TcpOptions { SackPermitted = true } },
        { "0402 1e01 020405b4", new TcpOptions { SackPermitted = true } },
        { "0402 0203 05 020405b4", new TcpOptions { SackPermitted = true } },
        { "0402 0304 0707 020405b4", new TcpOptions { SackPermitted = true } },
        { "020405b4 0403 00 030307", new TcpOptions { MaximumSegmentSize = 1460 } },
        { "0402 0809 00000001000000 020405b4", new TcpOptions { SackPermitted = true } },
        { "0402 01 0204 05", new TcpOptions { SackPermitted = true } },
        { "0402 1eff 0000", new TcpOptions { SackPermitted = true } },
        { "0402 01 02", new TcpOptions { SackPermitted = true } },
    };

    [Theory]
    [MemberData(nameof(OptionCases))]
    public void Options_are_read_up_to_their_end_or_first_malformation(string octets, TcpOptions expected) =>
        Assert.Equal(expected, TcpOptions.Read(Hex(octets)));
}
