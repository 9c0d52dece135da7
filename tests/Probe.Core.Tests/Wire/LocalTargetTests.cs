using Probe.Core.Packets;
using Probe.Core.Tests.Linux;
using Probe.Core.Vocabulary;
using Probe.Core.Wire;
using static Probe.Core.Tests.Linux.TestNetwork;

namespace Probe.Core.Tests.Wire;

/// <summary>Answers from an address that this host holds too, as on a load balancer whose real servers answer for themselves.</summary>
public sealed class LocalTargetTests : IDisposable
{
    private static readonly IpAddress[] s_vip = [IpAddress.Parse("10.99.0.1"), IpAddress.Parse("fd99::1")];
    private static readonly IpAddress[] s_other = [IpAddress.Parse("10.99.0.2"), IpAddress.Parse("fd99::2")];

    private readonly TestNetwork _network = new();

    public LocalTargetTests()
    {
        foreach (var address in s_vip.Concat(s_other))
        {
            Shell.Run("ip", "-n", _network.Client, "addr", "add", $"{address}/{address.Length * 8}", "dev", "lo");
        }
    }

    public void Dispose() => _network.Dispose();

    [NeedsTheory(Need.Namespaces)]
    [InlineData(false, "0")]
    [InlineData(false, "1")]
    [InlineData(true, "0")]
    public void An_answer_arrives_once_and_only_from_the_target_to_our_ports(bool v6, string acceptsLocal)
    {
        Exec(_network.Client, "sysctl", "-qw", $"net.ipv4.conf.all.accept_local={acceptsLocal}");
        var (vip, other, client) = (s_vip[v6 ? 1 : 0], s_other[v6 ? 1 : 0], v6 ? Client6 : Client4);
        using var held = _network.InClient(() => new HeldPorts(client, ProbeProtocol.Tcp, 2, HeldPortMode.KernelMute));
        using var port = Open(v6, ProbeProtocol.Tcp, [held.Ports[0]], vip);
        using var server = _network.InServer(() => new RawPacketPort(new RawPortOptions { IPv4 = !v6, IPv6 = v6 }));
        var sink = new RecordingSink();
        server.Send(TestPackets.Syn(other, client, 80, held.Ports[0]), 1);
        server.Send(TestPackets.Syn(vip, client, 80, held.Ports[1]), 2);
        server.Send(TestPackets.Udp(vip, client, 80, held.Ports[0]), 3);
        server.Send(TestPackets.Syn(vip, client, 80, held.Ports[0], ttl: 77), 4);

        var answer = Assert.Single(sink.Await(port, 1).Linger(port, 100).Arrivals, arrival => arrival.Source == vip);
        Assert.Equal((vip, client, 76, (byte)6, v6 ? 60 : 40), (answer.Source, answer.Destination, answer.Ttl, answer.Protocol, answer.Length));
        Assert.Equal(StampSource.Kernel, answer.Stamp);
        Assert.NotEqual(0, answer.InterfaceIndex);
        Assert.Equal(20, answer.Payload.Length);

        // Ports that are added later are heard, the others still.
        port.Listen(held.Ports);
        server.Send(TestPackets.Syn(vip, client, 80, held.Ports[1]), 5);
        server.Send(TestPackets.Echo(vip, client, 7, 1), 6);
        Assert.Equal(v6 ? 58 : 1, sink.Await(port, sink.Arrivals.Count + 2).Arrivals[^1].Protocol);
    }

    [NeedsTheory(Need.Namespaces)]
    [InlineData(false)]
    [InlineData(true)]
    public void Of_more_targets_than_a_filter_holds_each_is_heard_and_no_other(bool v6)
    {
        var (vip, other, client) = (s_vip[v6 ? 1 : 0], s_other[v6 ? 1 : 0], v6 ? Client6 : Client4);
        var many = Enumerable.Range(0, 1500).Select(i => IpAddress.Parse(v6 ? $"fd98::{i:x}" : $"10.98.{i / 250}.{i % 250}"));
        using var held = _network.InClient(() => new HeldPorts(client, ProbeProtocol.Tcp, 1, HeldPortMode.KernelMute));
        using var port = Open(v6, ProbeProtocol.Tcp, held.Ports, [.. many, vip]);
        using var server = _network.InServer(() => new RawPacketPort(new RawPortOptions { IPv4 = !v6, IPv6 = v6 }));
        server.Send(TestPackets.Syn(other, client, 80, held.Ports[0], ttl: 70), 1);
        server.Send(TestPackets.Syn(vip, client, 80, held.Ports[0], ttl: 77), 2);
        var answers = new RecordingSink().Await(port, 1).Linger(port, 100).Arrivals;
        Assert.Single(answers, arrival => arrival.Source == vip);
        Assert.DoesNotContain(answers, arrival => arrival.Source == other && !v6);
    }

    [NeedsFact(Need.Namespaces)]
    public void Without_local_targets_the_kernel_drops_such_answers()
    {
        using var held = _network.InClient(() => new HeldPorts(Client4, ProbeProtocol.Tcp, 1, HeldPortMode.KernelMute));
        using var port = Open(v6: false, ProbeProtocol.Tcp, held.Ports);
        using var server = _network.InServer(() => new RawPacketPort(new RawPortOptions()));
        server.Send(TestPackets.Syn(s_vip[0], Client4, 80, held.Ports[0]), 1);
        Assert.Empty(new RecordingSink().Linger(port, 100).Arrivals);
    }

    [NeedsFact(Need.Namespaces)]
    public void What_is_not_read_in_time_is_counted()
    {
        using var held = _network.InClient(() => new HeldPorts(Client4, ProbeProtocol.Tcp, 1, HeldPortMode.KernelMute));
        using var port = _network.InClient(() => new RawPacketPort(
            new RawPortOptions { Protocol = ProbeProtocol.Tcp, LocalPorts = held.Ports, LocalTargets = [s_vip[0]], ReceiveBuffer = 8192 }));
        using var server = _network.InServer(() => new RawPacketPort(new RawPortOptions()));
        for (var i = 1; i <= 300; i++)
        {
            server.Send(TestPackets.Syn(s_vip[0], Client4, 80, held.Ports[0]), i);
        }

        var sink = new RecordingSink().Linger(port, 200);
        Assert.InRange(sink.Arrivals.Count, 1, 299);
        Assert.Equal(300, sink.Arrivals.Count + port.ReadLosses().Packets);
    }

    private RawPacketPort Open(bool v6, ProbeProtocol protocol, IReadOnlyList<ushort> ports, params IpAddress[] targets) =>
        _network.InClient(() => new RawPacketPort(new RawPortOptions { IPv4 = !v6, IPv6 = v6, Protocol = protocol, LocalPorts = ports, LocalTargets = targets }));
}
