using Probe.Core.Capture;
using Probe.Core.Packets;
using Probe.Core.Tests.Wire;

namespace Probe.Core.Tests.Capture;

public sealed class PcapngWriterTests : IDisposable
{
    private const long At = 1_795_234_567_123_456_789;

    private readonly string _file = Path.GetTempFileName();
    private readonly byte[] _packet = TestPackets.Echo(IpAddress.Parse("10.0.0.1"), IpAddress.Parse("10.0.0.2"), 7, 9, size: 61);

    [Fact]
    public void What_was_written_is_read_back()
    {
        Write();
        var (application, packets) = PcapngReader.Read(File.ReadAllBytes(_file));

        Assert.Equal("probe test", application);
        Assert.Equal(
            [
                ("veth0", 101, At, 61, 61, "probe 7"),
                ("lö", 101, At + 1, 61, 61, null),
                ("veth0", 101, At + 2_000_000_000, 33, 61, "probe 8, Antwort ✓"),
            ],
            packets.Select(p => (p.Interface, (int)p.LinkType, p.UnixNs, p.Octets.Length, p.Length, p.Comment)));
        Assert.Equal(_packet, packets[0].Octets);
    }

    [Fact]
    public void The_file_is_whole_after_each_packet()
    {
        using var writer = PcapngWriter.Create(_file, "probe test");
        var number = writer.AddInterface("veth0", LinkType.RawIp);
        for (var i = 1; i <= 5; i++)
        {
            writer.Write(number, At, _packet, comment: "probe");
            using var file = new FileStream(_file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            var octets = new byte[file.Length];
            file.ReadExactly(octets);
            Assert.Equal(i, PcapngReader.Read(octets).Packets.Count);
        }
    }

    [Fact]
    public void A_comment_too_long_for_the_format_is_cut_between_characters()
    {
        using (var writer = PcapngWriter.Create(_file, "probe test"))
        {
            writer.Write(writer.AddInterface("veth0", LinkType.RawIp), At, _packet, comment: new string('✓', 40_000));
        }

        var comment = Assert.Single(PcapngReader.Read(File.ReadAllBytes(_file)).Packets).Comment;
        Assert.Equal(new string('✓', 65_535 / 3), comment);
    }

    [Fact]
    public void A_packet_of_an_unknown_interface_is_a_mistake()
    {
        using var writer = PcapngWriter.Create(_file, "probe test");
        Assert.Throws<ArgumentOutOfRangeException>(() => writer.Write(0, At, _packet));
    }

    [NeedsFact(Need.Tshark)]
    public void Tshark_reads_comments_names_and_nanoseconds()
    {
        Write();
        var fields = Shell.Run("tshark", "-r", _file, "-T", "fields", "-e", "frame.comment", "-e", "frame.time_epoch", "-e", "frame.interface_name", "-e", "icmp.seq", "-e", "frame.len");
        var lines = fields.TrimEnd().Split('\n');
        Assert.Equal("probe 7\t1795234567.123456789\tveth0\t9\t61", lines[0]);
        Assert.Equal("\t1795234567.123456790\tlö\t9\t61", lines[1]);
        Assert.StartsWith("probe 8, Antwort ✓\t1795234569.123456789\tveth0\t", lines[2], StringComparison.Ordinal);
    }

    [NeedsFact(Need.Tcpdump)]
    public void Tcpdump_reads_two_interfaces()
    {
        using (var writer = PcapngWriter.Create(_file, "probe test"))
        {
            writer.WriteCooked(writer.AddInterface("veth0", LinkType.LinuxCooked), At, outgoing: true, _packet, comment: "probe 7");
            writer.WriteCooked(writer.AddInterface("lo", LinkType.LinuxCooked), At + 1, outgoing: false, _packet);
        }

        var lines = Shell.Run("tcpdump", "-nn", "-e", "-r", _file, "icmp").Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(2, lines.Length);
        Assert.Contains(" Out ", lines[0], StringComparison.Ordinal);
        Assert.Contains(" In ", lines[1], StringComparison.Ordinal);
    }

    public void Dispose() => File.Delete(_file);

    private void Write()
    {
        using var writer = PcapngWriter.Create(_file, "probe test");
        var first = writer.AddInterface("veth0", LinkType.RawIp);
        writer.Write(first, At, _packet, comment: "probe 7");
        writer.Write(writer.AddInterface("lö", LinkType.RawIp), At + 1, _packet);
        writer.Write(first, At + 2_000_000_000, _packet.AsSpan(0, 33), originalLength: 61, "probe 8, Antwort ✓");
    }
}
