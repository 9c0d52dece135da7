using System.Buffers.Binary;
using Probe.Core.Capture;
using Probe.Core.Tests.Linux;
using Probe.Core.Tests.Wire;
using Probe.Core.Wire;
using static Probe.Core.Tests.Linux.TestNetwork;

namespace Probe.Core.Tests.Capture;

public sealed class PacketCaptureTests(TestNetwork network) : IClassFixture<TestNetwork>
{
    [NeedsTheory(Need.Namespaces)]
    [InlineData(LinkType.RawIp)]
    [InlineData(LinkType.Ethernet)]
    public void Probes_and_answers_are_seen_whole_with_stamps_and_direction(LinkType linkType)
    {
        using var capture = network.InClient(() => new PacketCapture(new CaptureFilter { Addresses = [Server4] }, "c0", linkType));
        using var port = network.InClient(() => new RawPacketPort(new RawPortOptions()));
        var echo = TestPackets.Echo(Client4, Server4, 7, 1);
        port.Send(echo, 1);
        var sink = new RecordingSink().Await(port, 1, 1);
        var seen = new Seen();
        capture.Read(0, seen);

        Assert.Equal([true, false], seen.Packets.Select(p => p.Outgoing));
        Assert.All(seen.Packets, p => Assert.Equal("c0", capture.InterfaceName(p.Interface)));
        Assert.All(seen.Packets, p => Assert.False(p.UserStamp));
        var link = linkType == LinkType.Ethernet ? 14 : 0;
        Assert.All(seen.Packets, p => Assert.Equal(64 + link, p.Length));
        Assert.Equal(echo[20..], seen.Packets[0].Octets[(link + 20)..]);

        // The port's own stamps are the capture's, but for the microseconds between two places in the kernel.
        Assert.InRange(sink.Sent[1] + port.StartedUnixNs - seen.Packets[0].At, -1_000_000, 1_000_000);
        Assert.InRange(sink.Arrivals[0].AtNs + port.StartedUnixNs - seen.Packets[1].At, -1_000_000, 1_000_000);
        Assert.Equal(new CaptureCounts(2, 0), capture.ReadCounts());
    }

    [NeedsFact(Need.Namespaces)]
    public void The_filter_takes_the_addresses_and_icmp_alone()
    {
        var filter = new CaptureFilter { Addresses = [Other4, Server6], Icmp = true };
        using var capture = network.InClient(() => new PacketCapture(filter));
        using var port = network.InClient(() => new RawPacketPort(new RawPortOptions { IPv6 = true }));
        port.Send(TestPackets.Udp(Client4, Server4, 1000, 1), 1);      // not taken; its port-unreachable is
        port.Send(TestPackets.Udp(Client4, Other4, 1001, 1), 2);       // taken, and so is its answer
        port.Send(TestPackets.Udp(Client6, Server6, 1002, 1), 3);      // likewise
        port.Send(TestPackets.Udp(Client6, Router6, 1003, 1), 4);      // not taken, but its answer
        var sink = new RecordingSink().Await(port, 4);
        Assert.Equal(4, sink.Arrivals.Count);
        var seen = new Seen();
        capture.Read(0, seen);

        var udp = seen.Packets.Where(p => p.Outgoing && p.Protocol == 17).Select(p => BinaryPrimitives.ReadUInt16BigEndian(p.Octets.AsSpan(p.Octets[0] >> 4 == 4 ? 20 : 40)));
        Assert.Equal([1001, 1002], udp.Select(port => (int)port));
        Assert.Equal(4, seen.Packets.Count(p => !p.Outgoing && p.Protocol is 1 or 58 && IsUnreachable(p)));
    }

    [NeedsFact(Need.Namespaces)]
    public void What_the_capture_loses_is_counted()
    {
        using var capture = network.InClient(() => new PacketCapture(new CaptureFilter { Addresses = [Server4] }, "c0", buffer: 8192));
        using var port = network.InClient(() => new RawPacketPort(new RawPortOptions()));
        for (var i = 0; i < 200; i++)
        {
            port.Send(TestPackets.Echo(Client4, Server4, 7, (ushort)i), i);
        }

        new RecordingSink().Await(port, 200);
        var counts = capture.ReadCounts();
        Assert.Equal(400, counts.Packets);
        Assert.InRange(counts.Lost, 1, 399);
        var seen = new Seen();
        capture.Read(0, seen);
        Assert.Equal(counts.Packets - counts.Lost, seen.Packets.Count);
    }

    [NeedsFact(Need.Namespaces | Need.Tshark)]
    public void A_recorded_file_names_each_packet_s_probe()
    {
        var file = Path.GetTempFileName();
        try
        {
            using (var recorder = new CaptureRecorder(
                network.InClient(() => new PacketCapture(new CaptureFilter { Addresses = [Server4] }, keep: 2048)),
                PcapngWriter.Create(file, "probe test"),
                (in CapturedPacket packet) => $"probe {BinaryPrimitives.ReadUInt16BigEndian(packet.Octets[26..])}"))
            {
                using var port = network.InClient(() => new RawPacketPort(new RawPortOptions()));
                var sink = new RecordingSink();
                for (ushort number = 1; number <= 3; number++)
                {
                    port.Send(TestPackets.Echo(Client4, Server4, 7, number), number);
                    sink.Await(port, number);
                }

                Assert.Equal(new CaptureCounts(6, 0), recorder.Stop());
            }

            var text = Shell.Run("tshark", "-r", file, "-T", "fields", "-e", "frame.comment", "-e", "icmp.type", "-e", "frame.interface_name");
            Assert.Equal(
                ["probe 1\t8\tc0", "probe 1\t0\tc0", "probe 2\t8\tc0", "probe 2\t0\tc0", "probe 3\t8\tc0", "probe 3\t0\tc0"],
                text.TrimEnd().Split('\n'));
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static bool IsUnreachable(SeenPacket packet) =>
        packet.Protocol == 1 ? packet.Octets[20] == 3 : packet.Octets[40] == 1;

    private sealed record SeenPacket(byte[] Octets, int Length, long At, bool UserStamp, bool Outgoing, int Interface)
    {
        public byte Protocol => Octets[0] >> 4 == 4 ? Octets[9] : Octets[6];
    }

    private sealed class Seen : ICaptureSink
    {
        public List<SeenPacket> Packets { get; } = [];

        public void Captured(in CapturedPacket packet) =>
            Packets.Add(new SeenPacket(packet.Octets.ToArray(), packet.Length, packet.UnixNs, packet.UserStamp, packet.Outgoing, packet.InterfaceIndex));
    }
}
