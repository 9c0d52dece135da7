using System.Net.Sockets;
using System.Net;
using Probe.Core.Capture;
using Probe.Core.Packets;
using Probe.Core.Tests.Linux;
using Probe.Core.Tests.Wire;
using Probe.Core.Vocabulary;
using Probe.Core.Wire;
using static Probe.Core.Tests.Linux.TestNetwork;
using static Probe.Core.Tests.Packets.Encapsulations;

namespace Probe.Core.Tests.Packets;

/// <summary>What others make of our tunnel packets: a dissector, and the kernel's own tunnel end.</summary>
public class EncapsulationPeerTests
{
    [NeedsFact(Need.Tshark)]
    public void Tshark_finds_the_packet_inside()
    {
        // Tshark 4.0 has no dissector for GUE's own header; variant 1, FOU and the UDP around it it reads.
        (string Via, bool V6)[] cases =
        [
            .. Both("ipip:192.0.2.7"), .. Both("gre:192.0.2.7/42,csum,seq"), .. Both("vxlan:192.0.2.7/100,mac=02:00:5e:00:53:01,csum"),
            .. Both("geneve:192.0.2.7/100,mac=02:00:5e:00:53:01,csum"), .. Both("ipip:[2001:db8:a::7]"), .. Both("vxlan:[2001:db8:a::7]/100,mac=02:00:5e:00:53:01"),
            ("gue1:192.0.2.7,csum", false), ("gue1:[2001:db8:a::7]", false), ("fou:192.0.2.7:5556", true), ("fou:[2001:db8:a::7]:5556,sport=9", true),
        ];
        var file = Path.GetTempFileName();
        try
        {
            using (var writer = PcapngWriter.Create(file, "test"))
            {
                var network = writer.AddInterface("tunnel", LinkType.RawIp);
                foreach (var (via, v6) in cases)
                {
                    var packet = Wrapped(StackOf(via), Packet(v6, IpProtocol.Tcp, 40000u << 16 | 80, 10, 0));
                    writer.Write(network, 0, packet, packet.Length, via);
                }
            }

            var rows = Shell.Run(
                "tshark", "-r", file, "-o", "udp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE", "-d", "udp.port==6080,ip", "-d", "udp.port==5556,ipv6", "-T", "fields",
                "-e", "frame.comment", "-e", "ip.dst", "-e", "ipv6.dst", "-e", "tcp.dstport", "-e", "udp.checksum.status", "-e", "ip.checksum.status", "-e", "_ws.malformed").TrimEnd('\n').Split('\n');
            Assert.Equal(cases.Length, rows.Length);
            foreach (var row in rows)
            {
                var fields = row.Split('\t');
                var inside = fields[1].Contains("203.0.113.9", StringComparison.Ordinal) || fields[2].Contains("2001:db8:9::9", StringComparison.Ordinal);
                Assert.True(inside, row);
                Assert.Equal("80", fields[3]);
                Assert.DoesNotContain("0", fields[4].Split(','));
                Assert.DoesNotContain("0", fields[5].Split(','));
                Assert.Equal("", fields[6]);
            }
        }
        finally
        {
            File.Delete(file);
        }
    }

    [NeedsFact(Need.Tshark)]
    public void Tshark_finds_nothing_wrong_with_the_UDP_around_GUE()
    {
        var file = Path.GetTempFileName();
        try
        {
            using (var writer = PcapngWriter.Create(file, "test"))
            {
                var network = writer.AddInterface("tunnel", LinkType.RawIp);
                foreach (var via in new[] { "gue:192.0.2.7,csum", "gue:[2001:db8:a::7]", "gue:192.0.2.7,remcsum" })
                {
                    var packet = Wrapped(StackOf(via), Packet(false, IpProtocol.Tcp, 40000u << 16 | 80, 0, 0));
                    writer.Write(network, 0, packet, packet.Length, via);
                }
            }

            var rows = Shell.Run("tshark", "-r", file, "-o", "udp.check_checksum:TRUE", "-T", "fields", "-e", "udp.dstport", "-e", "udp.checksum.status", "-e", "udp.length", "-e", "udp.payload");
            var shapes = rows.TrimEnd('\n').Split('\n').Select(row => row.Split('\t')).Select(row => (row[0], row[1], row[2], row[3][..16]));
            Assert.Equal([("6080", "1", "52", "0004000045000028"), ("6080", "1", "52", "0004000045000028"), ("6080", "1", "60", "0204000180000000")], shapes);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [NeedsFact(Need.Namespaces)]
    public void The_kernel_s_VXLAN_device_takes_our_packet_and_none_of_another_network()
    {
        using var network = new TestNetwork();
        Shell.Run("ip", "-n", network.Server, "link", "add", "vx0", "address", "02:00:5e:00:53:01", "type", "vxlan", "id", "100", "dstport", "4789", "local", Server4.ToString());
        Shell.Run("ip", "-n", network.Server, "addr", "add", "10.99.0.2/24", "dev", "vx0");
        Shell.Run("ip", "-n", network.Server, "link", "set", "vx0", "up");
        var (source, target) = (IpAddress.Parse("10.99.0.1"), IpAddress.Parse("10.99.0.2"));
        using var receiver = network.InServer(() =>
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveTimeout = 5000 };
            socket.Bind(new IPEndPoint(target.ToIPAddress(), 7777));
            return socket;
        });
        using var port = network.InClient(() => new RawPacketPort(new RawPortOptions()));
        var buffer = new byte[2000];
        foreach (var (vni, size) in new[] { (101, 100), (100, 200) })
        {
            var stack = StackOf($"vxlan:{Server4}/{vni},mac=02:00:5e:00:53:01");
            var inner = TestPackets.Udp(source, target, 40000, 7777, size: size);
            var packet = new byte[stack.Overhead + inner.Length];
            inner.CopyTo(packet, stack.Overhead);
            EncapsulationWriter.Wrap(stack, packet, inner.Length, new OuterFields { Id = 1, Sources = [Client4] });
            Assert.Equal(SendStatus.Sent, port.Send(packet, vni));
        }

        // The datagram of the other network left first and would be here first.
        Assert.Equal(200 - 28, receiver.Receive(buffer));
    }

    private static (string Via, bool V6)[] Both(string via) => [(via, false), (via, true)];

    private static EncapsulationStack StackOf(string text) => new([EncapsulationText.TryParse(text, out var layer, out var error) ? layer : throw new FormatException(error)]);
}
