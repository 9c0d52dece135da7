using System.Diagnostics;
using Probe.Core.Capture;
using Probe.Core.Packets;
using Probe.Core.Tests.Linux;
using Probe.Core.Tests.Wire;
using Probe.Core.Wire;
using Probe.Lab.Networks;
using static Probe.Core.Tests.Linux.TestNetwork;

namespace Probe.Core.Tests.Capture;

/// <summary>A filter in the kernel, in another namespace, takes the packets that tcpdump takes with the same text.</summary>
public sealed class FilterAgreementTests(TestNetwork network) : IClassFixture<TestNetwork>, IDisposable
{
    private const ushort Mark = 0xBEEF;

    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(30);

    private readonly string _file = Path.GetTempFileName();

    [NeedsTheory(Need.Namespaces | Need.Tcpdump)]
    [InlineData("icmp", 6)]
    [InlineData("icmp6", 3)]
    [InlineData("udp port 1", 2)]
    [InlineData("ip6 and udp", 1)]
    [InlineData("src host 10.77.1.1", 8)]
    [InlineData("dst net 10.77.2.0/24 and not icmp", 6)]
    [InlineData("tcp[tcpflags] & tcp-syn != 0", 1)]
    [InlineData("ip proto 4", 1)]
    [InlineData("ip proto 4 and ip[29] = 17 and ip[42:2] = 53", 1)]
    [InlineData("ip proto 41 and ip[20] >> 4 = 6", 1)]
    [InlineData("udp dst port 6080 and udp[8:4] = 0x00040000", 1)]
    [InlineData("ip[6:2] & 0x1fff != 0", 1)]
    [InlineData("ip6 host fd77:2::1", 5)]
    [InlineData("udp portrange 1000-1002 or icmp6[icmp6type] = 1", 3)]
    [InlineData("not (tcp or icmp or icmp6)", 6)]
    public void It_takes_what_tcpdump_takes(string text, int atLeast)
    {
        // Before the first mark and behind the second, one of the two may see what the other is too early or too late for.
        var both = $"({text}) or icmp[4:2] = {Mark}";
        Assert.True(FilterText.TryCompile(both, out var filter, out var why), why);
        using var capture = network.InClient(() => new PacketCapture(new CaptureFilter { Text = filter }, "c0"));
        using var tcpdump = LabProcess.Start(
            "ip",
            ["netns", "exec", network.Client, "tcpdump", "-i", "c0", "-n", "-s", "0", "-U", "--immediate-mode", "-Z", "root", "-w", _file, both],
            input: null);
        tcpdump.WaitFor("listening on", s_limit);
        Send();

        var seen = new Octets();
        var theirs = new List<string>();
        for (var begun = Stopwatch.GetTimestamp(); Marks(seen.Packets) < 4 || Marks(theirs) < 4;)
        {
            Assert.True(Stopwatch.GetElapsedTime(begun) < s_limit, $"{Marks(seen.Packets)} and {Marks(theirs)} marks of 4");
            capture.Read(50_000_000, seen);
            theirs = Whole();
        }

        var ours = Between(seen.Packets);
        Assert.Equal(Between(theirs), ours);
        Assert.InRange(ours.Count, atLeast, 40);
    }

    [NeedsFact(Need.Namespaces | Need.Libpcap)]
    public void Both_the_filter_and_the_addresses_have_to_take_a_packet()
    {
        Assert.True(FilterText.TryCompile("udp or icmp6[icmp6type] = icmp6-echo", out var filter, out var why), why);
        var both = new CaptureFilter { Addresses = [Server6], Icmp = true, Text = filter };
        using var capture = network.InClient(() => new PacketCapture(both, "c0"));
        Send();
        var seen = new Octets();
        capture.Read(0, seen);

        // UDP to the address, and the echo requests; neither UDP to others, nor other ICMP.
        Assert.Equal([58, 17, 58], seen.Packets.Select(packet => (int)Convert.FromHexString(packet)[6]));
        capture.Take(both with { Addresses = [Server4], Icmp = false });
        Send();
        seen = new Octets();
        capture.Read(0, seen);
        Assert.Equal(3, seen.Packets.Count);
        Assert.All(seen.Packets, packet => Assert.Equal((4, 17), (Convert.FromHexString(packet)[0] >> 4, Convert.FromHexString(packet)[9])));
    }

    public void Dispose() => File.Delete(_file);

    /// <summary>Sends some of everything, between two echo requests that are answered.</summary>
    private void Send()
    {
        using var port = network.InClient(() => new RawPacketPort(new RawPortOptions { IPv6 = true }));
        var fragment = TestPackets.Udp(Client4, Server4, 1000, 7);
        (fragment[6], fragment[7]) = (0x20, 5);
        var gue = TestPackets.Udp(Client4, Server4, 6080, 6080, size: 88);
        byte[] inside = [0, 4, 0, 0, .. TestPackets.Udp(Client4, Server4, 1, 53, size: 56)];
        inside.CopyTo(gue, 28);
        byte[][] packets =
        [
            TestPackets.Echo(Client4, Server4, 7, 1),
            TestPackets.Udp(Client4, Server4, 1000, 1),
            TestPackets.Udp(Client6, Server6, 1002, 1),
            TestPackets.Syn(Client4, Server4, 1003, 81),
            Tunnel(4, TestPackets.Udp(Client4, Server4, 1, 53)),
            Tunnel(41, TestPackets.Udp(Client6, Server6, 1, 53)),
            gue,
            fragment,
            TestPackets.Echo(Client6, Server6, 7, 1),
            TestPackets.Echo(Client4, Server4, Mark, 2),
        ];

        // Neighbours are known before the first mark, so that what follows stays in its order.
        port.Send(TestPackets.Echo(Client6, Server6, 8, 1), 1);
        var sink = new RecordingSink().Await(port, 1);
        port.Send(TestPackets.Echo(Client4, Server4, Mark, 1), 2);
        sink.Await(port, 2);
        for (var i = 0; i < packets.Length; i++)
        {
            port.Send(packets[i], i + 3);
        }

        // The last of each family is answered last.
        for (var begun = Stopwatch.GetTimestamp(); sink.Arrivals.Count(arrival => arrival.Payload is [0 or 129, ..]) < 5;)
        {
            Assert.True(Stopwatch.GetElapsedTime(begun) < s_limit, "an echo reply is missing");
            sink.Await(port, sink.Arrivals.Count + 1);
        }
    }

    private static byte[] Tunnel(byte protocol, byte[] inside)
    {
        var packet = TestPackets.Udp(Client4, Server4, 1, 1, size: 20 + inside.Length);
        packet[9] = protocol;
        inside.CopyTo(packet, 20);
        return packet;
    }

    private static int Marks(List<string> packets) => packets.Count(IsMark);

    private static bool IsMark(string packet) => packet[0] == '4' && packet[18..20] == "01" && packet[48..52] == "BEEF";

    /// <summary>From the first answer on to the request of the second.</summary>
    private static List<string> Between(List<string> packets) =>
        packets[(packets.FindIndex(IsMark) + 1)..packets.FindLastIndex(packets.FindLastIndex(IsMark) - 1, IsMark)];

    /// <summary>What tcpdump has written so far; the last packet may be half there.</summary>
    private List<string> Whole()
    {
        var packets = new List<string>();
        try
        {
            using var reader = CaptureReader.Open(_file);
            while (reader.TryRead(out var packet))
            {
                packets.Add(Convert.ToHexString(packet.Octets));
            }
        }
        catch (CaptureFileException)
        {
            // It is read again.
        }

        return packets;
    }

    private sealed class Octets : ICaptureSink
    {
        public List<string> Packets { get; } = [];

        public void Captured(in CapturedPacket packet) => Packets.Add(Convert.ToHexString(packet.Octets));
    }
}
