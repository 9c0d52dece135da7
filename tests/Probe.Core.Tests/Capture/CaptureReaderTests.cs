using System.Globalization;
using System.IO.Compression;
using System.Text;
using Probe.Core.Capture;
using Probe.Core.Packets;
using Probe.Core.Tests.Wire;

namespace Probe.Core.Tests.Capture;

public sealed class CaptureReaderTests : IDisposable
{
    private const long At = 1_795_234_567_123_456_789;

    private readonly string _file = Path.GetTempFileName();
    private readonly byte[] _v4 = TestPackets.Echo(IpAddress.Parse("10.0.0.1"), IpAddress.Parse("10.0.0.2"), 7, 9, size: 61);
    private readonly byte[] _v6 = TestPackets.Udp(IpAddress.Parse("fd00::1"), IpAddress.Parse("fd00::2"), 1000, 64);

    [NeedsTheory(Need.Tcpdump | Need.Tshark)]
    [InlineData(LinkType.Ethernet)]
    [InlineData(LinkType.RawIp)]
    [InlineData(LinkType.IPv4)]
    [InlineData(LinkType.IPv6)]
    [InlineData(LinkType.LinuxCooked)]
    [InlineData(LinkType.LinuxCooked2)]
    [InlineData(LinkType.Loopback)]
    [InlineData(LinkType.LoopbackNetworkOrder)]
    public void Two_interfaces_of_one_link_type_are_read_by_tcpdump_tshark_and_us_alike(LinkType type)
    {
        var first = type == LinkType.IPv6 ? _v6 : _v4;
        var second = type == LinkType.IPv4 ? _v4 : _v6;
        using (var writer = PcapngWriter.Create(_file, "probe test"))
        {
            writer.Write(writer.AddInterface("east", type), At, [.. Link(type, first), .. first], comment: "probe 7");
            writer.Write(writer.AddInterface("west", type), At + 1, [.. Link(type, second), .. second]);
        }

        var read = ReadPacket.All(_file);
        bool? sent = type is LinkType.LinuxCooked or LinkType.LinuxCooked2 ? true : null;
        var (east, west) = type == LinkType.LinuxCooked2 ? ("if3", "if3") : ("east", "west");
        Assert.Equal(
            [
                new ReadPacket(east, At, Convert.ToHexString(first), first.Length, "probe 7", sent),
                new ReadPacket(west, At + 1, Convert.ToHexString(second), second.Length, null, sent),
            ],
            read);
        Assert.Equal(
            [$"1795234567.123456789\teast\t{IdOf(first)}", $"1795234567.123456790\twest\t{IdOf(second)}"],
            Tshark("frame.time_epoch", "frame.interface_name", "ip.id", "ipv6.flow"));

        // libpcap refuses a second interface of LINKTYPE_RAW; of the others it takes any number.
        var (status, output, error) = Shell.TryRun("tcpdump", "-nn", "-tt", "--nano", "-r", _file, "ip or ip6");
        if (type == LinkType.RawIp)
        {
            Assert.Contains("type 101 different from the type of the first interface", error, StringComparison.Ordinal);
            return;
        }

        var lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.True(status == 0 && lines.Length == 2, error);
        Assert.StartsWith("1795234567.123456789 ", lines[0], StringComparison.Ordinal);
        foreach (var (packet, line) in new[] { first, second }.Zip(lines))
        {
            var text = packet == _v4 ? "10.0.0.1 > 10.0.0.2: ICMP echo request, id 7, seq 9" : "fd00::1.1000 > fd00::2";
            Assert.Contains(text, line, StringComparison.Ordinal);
        }
    }

    [NeedsTheory(Need.Tshark)]
    [InlineData(true)]
    [InlineData(false)]
    public void What_other_programs_write_is_read_as_tshark_reads_it(bool bigEndian)
    {
        // The second section has the other byte order, and interfaces of its own.
        var (first, second) = (new PcapngBuilder(bigEndian), new PcapngBuilder(!bigEndian));
        byte[] ethernet = [.. Link(LinkType.Ethernet, _v4), .. _v4];
        first.Section()
            .Block(4, [.. first.Option(1, 10, 0, 0, 2, (byte)'r', (byte)'o', (byte)'g', 0), .. first.Option(0)])
            .Interface(1, first.Option(2, "micro"u8.ToArray()))
            .Interface(101, [.. first.Option(2, "binary"u8.ToArray()), .. first.Option(9, 0x80 | 20)])
            .Interface(101, [.. first.Option(9, 3), .. first.Option(14, first.U64(1_000_000_000)), .. first.Option(0)])
            .Packet(0, 1_795_234_567_123_456, ethernet,
                [.. first.Option(1, "one"u8.ToArray()), .. first.Option(1, "two"u8.ToArray()), .. first.Option(2, first.U32(2))])
            .Block(0x7000_0001, [1, 2, 3, 4])
            .Packet(1, (1_795_234_567UL << 20) + (1 << 19), _v4, first.Option(2, first.U32(1)))
            .OldPacket(2, 795_234_567_250, _v6);
        second.Section().Interface(101, second.Option(2, "later"u8.ToArray())).Block(5, new byte[24]).Packet(0, 1_795_234_568_000_000, _v6);
        byte[] file = [.. first.File, .. second.File];
        File.WriteAllBytes(_file, file);

        var (v4, v6) = (Convert.ToHexString(_v4), Convert.ToHexString(_v6));
        ReadPacket[] expected =
        [
            new("micro", 1_795_234_567_123_456_000, v4, 61, "one\ntwo", true),
            new("binary", 1_795_234_567_500_000_000, v4, 61, null, false),
            new(null, 1_795_234_567_250_000_000, v6, _v6.Length, null, null),
            new("later", 1_795_234_568_000_000_000, v6, _v6.Length, null, null),
        ];
        Assert.Equal(expected, ReadPacket.All(_file));
        Assert.Equal(expected, ReadPacket.All(Gzip(file)));
        Assert.Equal(
            expected.Select(p => (decimal)p.UnixNs / 1_000_000_000),
            Tshark("frame.time_epoch").Select(time => decimal.Parse(time, CultureInfo.InvariantCulture)));
    }

    [Fact]
    public void A_simple_packet_has_no_time()
    {
        var file = new PcapngBuilder(false).Section().Interface(101).SimplePacket(_v4).File;
        Assert.Equal([new ReadPacket(null, 0, Convert.ToHexString(_v4), 61, null, null)], ReadPacket.All(file));
    }

    [NeedsTheory(Need.Tshark, "editcap")]
    [InlineData("pcap", 1_795_234_567_123_456_000)]
    [InlineData("nsecpcap", At)]
    [InlineData("modpcap", 1_795_234_567_123_456_000)]
    public void Classic_files_are_read_by_libpcap(string format, long at)
    {
        Write(LinkType.RawIp);
        var classic = $"{_file}.{format}";
        try
        {
            Shell.Run("editcap", "-F", format, _file, classic);
            ReadPacket[] expected = [new(null, at, Convert.ToHexString(_v4), 61, null, null)];
            Assert.Equal(expected, ReadPacket.All(classic));
            Assert.Equal(expected, ReadPacket.All(File.ReadAllBytes(classic)));
            Assert.Equal(expected, ReadPacket.All(Gzip(File.ReadAllBytes(classic))));
        }
        finally
        {
            File.Delete(classic);
        }
    }

    [Theory]
    [InlineData(0x8100)]
    [InlineData(0x88A8)]
    public void Vlan_tags_are_passed_and_the_padding_of_small_frames_is_cut_off(int outerTag)
    {
        byte[] small = TestPackets.Echo(IpAddress.Parse("10.0.0.1"), IpAddress.Parse("10.0.0.2"), 7, 9, size: 30);
        byte[] frame = [.. new byte[12], (byte)(outerTag >> 8), (byte)outerTag, 0, 5, 0x81, 0, 0, 6, 8, 0, .. small, .. new byte[20]];
        byte[] arp = [.. new byte[12], 8, 6, .. new byte[46]];
        var file = new PcapngBuilder(false).Section().Interface(1).Packet(0, 0, arp).Packet(0, 0, frame).File;
        using var reader = CaptureReader.Open(new MemoryStream(file));
        Assert.True(reader.TryRead(out var packet));
        Assert.Equal(small, packet.Octets);
        Assert.Equal(30, packet.Length);
        Assert.False(reader.TryRead(out _));
        Assert.Equal(1, reader.NotIp);
    }

    [Fact]
    public void A_file_cut_off_gives_what_is_whole_and_says_so()
    {
        Write(LinkType.RawIp);
        var file = File.ReadAllBytes(_file);
        foreach (var bytes in new[] { file[..^1], [.. file, 6, 0, 0, 0] })
        {
            using var reader = CaptureReader.Open(new MemoryStream(bytes));
            var whole = 0;
            var error = Assert.Throws<CaptureFileException>(() =>
            {
                while (reader.TryRead(out _))
                {
                    whole++;
                }
            });
            Assert.Equal(bytes.Length < file.Length ? 0 : 1, whole);
            Assert.Contains("ends in the middle of a block", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_damaged_archive_is_the_same_kind_of_error()
    {
        Write(LinkType.RawIp);
        var file = Gzip(File.ReadAllBytes(_file));
        Assert.Throws<CaptureFileException>(() => ReadPacket.All(file[..^20]));
        Assert.Throws<CaptureFileException>(() => ReadPacket.All([.. file[..20], 0xFF, 0xFF, 0xFF, .. file[23..]]));
    }

    [NeedsTheory(Need.Libpcap)]
    [InlineData("", "the file is empty")]
    [InlineData("nonsense, and enough of it to be the header of a file", "unknown file format")]
    [InlineData("abc", "truncated")]
    public void What_is_no_capture_is_said_in_one_line(string content, string message)
    {
        File.WriteAllText(_file, content);
        var error = Assert.Throws<CaptureFileException>(() => ReadPacket.All(_file));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Theory]
    [InlineData("/no/such/file")]
    [InlineData("/")]
    public void What_cannot_be_opened_is_the_same_kind_of_error(string file) =>
        Assert.Throws<CaptureFileException>(() => ReadPacket.All(file));

    [Fact]
    public void An_unknown_link_layer_is_named()
    {
        var file = new PcapngBuilder(false).Section().Interface(105).Packet(0, 0, _v4).File;
        Assert.Contains("number 105", Assert.Throws<CaptureFileException>(() => ReadPacket.All(file)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(20)]
    [InlineData(0x80 | 64)]
    public void Times_that_64_bits_cannot_count_are_an_error(byte resolution)
    {
        var builder = new PcapngBuilder(false).Section();
        var file = builder.Interface(101, builder.Option(9, resolution)).Packet(0, 5, _v4).File;
        Assert.Throws<CaptureFileException>(() => ReadPacket.All(file));
    }

    public void Dispose() => File.Delete(_file);

    private static byte[] Gzip(byte[] file)
    {
        using var to = new MemoryStream();
        using (var gzip = new GZipStream(to, CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write(file);
        }

        return to.ToArray();
    }

    private static byte[] Link(LinkType type, byte[] packet)
    {
        var isV4 = packet[0] >> 4 == 4;
        byte[] etherType = isV4 ? [8, 0] : [0x86, 0xDD];
        byte family = isV4 ? (byte)2 : (byte)24;
        return type switch
        {
            LinkType.Ethernet => [.. new byte[12], .. etherType],
            LinkType.LinuxCooked => [0, 4, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, .. etherType],
            LinkType.LinuxCooked2 => [.. etherType, 0, 0, 0, 0, 0, 3, 0, 1, 4, 6, 2, 0, 0, 0, 0, 1, 0, 0],
            LinkType.Loopback => [family, 0, 0, 0],
            LinkType.LoopbackNetworkOrder => [0, 0, 0, family],
            _ => [],
        };
    }

    private static string IdOf(byte[] packet) => packet[0] >> 4 == 4
        ? FormattableString.Invariant($"0x{packet[4] << 8 | packet[5]:x4}\t")
        : FormattableString.Invariant($"\t0x{(packet[1] & 15) << 16 | packet[2] << 8 | packet[3]:x6}");

    private string[] Tshark(params string[] fields) =>
        Shell.Run("tshark", ["-r", _file, "-T", "fields", .. fields.SelectMany(field => new[] { "-e", field })]).TrimEnd('\n').Split('\n');

    private void Write(LinkType type)
    {
        using var writer = PcapngWriter.Create(_file, "probe test");
        writer.Write(writer.AddInterface("east", type), At, [.. Link(type, _v4), .. _v4], comment: Encoding.UTF8.GetString("probe 7"u8));
    }
}
