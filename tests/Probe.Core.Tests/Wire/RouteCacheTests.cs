using System.Buffers.Binary;
using Probe.Core.Host;
using Probe.Core.Linux.Files;
using Probe.Core.Linux.Namespaces;
using Probe.Core.Linux.Sockets;
using Probe.Core.Linux;
using Probe.Core.Packets;
using Probe.Core.Probing;
using Probe.Core.Tests.Linux;
using Probe.Core.Vocabulary;
using Probe.Core.Wire;
using static Probe.Core.Linux.SocketConstants;
using static Probe.Core.Tests.Linux.TestNetwork;

namespace Probe.Core.Tests.Wire;

/// <summary>Probing does not change the patient: what <c>ip route get</c> says is the same before and after.</summary>
public sealed class RouteCacheTests(TestNetwork network) : IClassFixture<TestNetwork>
{
    private const Need Needs = Need.Namespaces | Need.Nftables;

    [NeedsTheory(Needs)]
    [InlineData(ProbeProtocol.Icmp, 1300)]
    [InlineData(ProbeProtocol.Udp, 1300)]
    [InlineData(ProbeProtocol.Tcp, 1300)]
    [InlineData(ProbeProtocol.Icmp, 0)]
    [InlineData(ProbeProtocol.Udp, 0)]
    [InlineData(ProbeProtocol.Tcp, 0)]
    public void A_frag_needed_leaves_the_ipv4_route_as_it_was(ProbeProtocol protocol, int mtu)
    {
        if (mtu == 0)
        {
            Nft(network.Router, """
                table ip lie {
                  chain pre {
                    type filter hook prerouting priority 0;
                    ip length > 1350 reject with icmp type frag-needed;
                  }
                }

                """);
        }

        try
        {
            var before = RouteGet(Server4);
            using var held = protocol == ProbeProtocol.Icmp ? null : network.InClient(() => new HeldPorts(Client4, protocol, 1));
            using var port = network.InClient(() => new RawPacketPort(new RawPortOptions { Protocol = protocol, LocalPorts = held?.Ports ?? [] }));
            port.Send(Packet(Client4, Server4, protocol, held), 1);
            var answer = Assert.Single(new RecordingSink().Await(port, 1).Linger(port, 20).Arrivals);

            Assert.Equal(Router4, answer.Source);
            Assert.Equal((3, 4), (answer.Payload[0], answer.Payload[1]));
            Assert.Equal(mtu, BinaryPrimitives.ReadUInt16BigEndian(answer.Payload.AsSpan(6)));
            Assert.Equal(before, RouteGet(Server4));
        }
        finally
        {
            if (mtu == 0)
            {
                Nft(network.Router, "delete table ip lie\n");
            }
        }
    }

    [NeedsTheory(Needs)]
    [InlineData(ProbeProtocol.Udp)]
    [InlineData(ProbeProtocol.Tcp)]
    public void A_packet_too_big_leaves_the_ipv6_route_as_it_was(ProbeProtocol protocol)
    {
        var before = RouteGet(Server6);
        using var held = network.InClient(() => new HeldPorts(Client6, protocol, 1));
        using var port = network.InClient(() => new RawPacketPort(new RawPortOptions { IPv4 = false, IPv6 = true, Protocol = protocol, LocalPorts = held.Ports }));
        port.Send(Packet(Client6, Server6, protocol, held), 1);
        var answer = Assert.Single(new RecordingSink().Await(port, 1).Linger(port, 20).Arrivals);

        Assert.Equal((2, 1300u), (answer.Payload[0], BinaryPrimitives.ReadUInt32BigEndian(answer.Payload.AsSpan(4))));
        Assert.Equal(before, RouteGet(Server6));
    }

    [NeedsFact(Needs)]
    public void The_exception_that_our_icmpv6_echo_caused_is_removed_and_no_other()
    {
        var before = network.InClient(() => HostRoutes.Lookup(Server6));
        var text = RouteGet(Server6);
        using var port = network.InClient(() => new RawPacketPort(new RawPortOptions { IPv4 = false, IPv6 = true }));
        Provoke();

        // The kernel did learn; this is what has to be undone.
        var learned = network.InClient(() => HostRoutes.Lookup(Server6));
        Assert.True(learned.Learned);
        Assert.Equal(1300, learned.Mtu);
        Assert.InRange(learned.ExpiresSeconds ?? 0, 1, 600);

        var outcome = network.InClient(() => HostRoutes.RemoveOwnEntry(Server6, before, out _));
        Assert.Equal(RouteCacheOutcome.Removed, outcome);
        Assert.Equal(text, RouteGet(Server6));
        Assert.Equal(RouteCacheOutcome.None, network.InClient(() => HostRoutes.RemoveOwnEntry(Server6, before, out _)));

        // One that was there before the probe is not ours.
        Provoke();
        var present = network.InClient(() => HostRoutes.Lookup(Server6));
        Assert.Equal(RouteCacheOutcome.WasThereBefore, network.InClient(() => HostRoutes.RemoveOwnEntry(Server6, present, out _)));
        Assert.True(network.InClient(() => HostRoutes.Lookup(Server6)).Learned);
        network.InClient(() => HostRoutes.RemoveOwnEntry(Server6, before, out _));

        void Provoke()
        {
            port.Send(TestPackets.Echo(Client6, Server6, 1, 1, size: 1400), 1);
            Assert.Equal(2, Assert.Single(new RecordingSink().Await(port, 1).Arrivals).Payload[0]);
        }
    }

    [NeedsFact(Needs)]
    public void A_route_that_goes_away_meanwhile_ends_no_run_and_is_told()
    {
        using var session = network.InClient(() => ProbeSockets.Open(Sockets(Server6, ProbeProtocol.Icmp)));
        session.Wire.Send(new ProbePacket
        {
            Number = 1, Source = session.Source, Target = Server6, Protocol = ProbeProtocol.Icmp, Flow = session.Flows[0], Ttl = 9, Size = 1400, DontFragment = true,
        });
        Exec(network.Client, "ip", "-6", "route", "del", "default");
        try
        {
            var replies = network.InClient(() =>
            {
                var all = new List<Reply>();
                var until = session.Wire.NowNs + 5_000_000_000;
                while (all.Count == 0 && session.Wire.NowNs < until)
                {
                    session.Wire.Receive(until, all);
                }

                return all;
            });
            Assert.Equal(ReplyKind.PacketTooBig, Assert.Single(replies).Kind);
            Assert.Equal(RouteCacheOutcome.Unknown, network.InClient(() => session.CleanRouteCache(out _)));
            Assert.Contains("ENETUNREACH", session.NotCleaned, StringComparison.Ordinal);
        }
        finally
        {
            Exec(network.Client, "ip", "-6", "route", "add", "default", "via", $"{Router6}");
        }
    }

    [NeedsFact(Needs)]
    public void An_ordinary_socket_does_pollute_the_cache_and_the_lookup_shows_it()
    {
        var before = network.InClient(() => HostRoutes.Lookup(Other4));
        Assert.False(before.Learned);
        Assert.Null(before.Mtu);
        Assert.Equal(("c0", Router4, Client4), (before.Interface, before.Gateway, before.PreferredSource));

        using var socket = network.InClient(() => SocketCalls.Open(AF_INET, SOCK_DGRAM, 0, "a UDP socket"));
        SocketCalls.Set(socket, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO, nameof(IP_MTU_DISCOVER));
        SocketCalls.Connect(socket, new SocketAddress(Other4, 9));
        FileCalls.TryWrite(socket, new byte[1372]);

        var after = network.InClient(() => HostRoutes.Lookup(Other4));
        Assert.Equal((true, 1300, false), (after.Learned, after.Mtu, after.MtuLocked));
        Assert.InRange(after.ExpiresSeconds ?? 0, 1, 600);
        Assert.Contains("mtu 1300", RouteGet(Other4), StringComparison.Ordinal);
    }

    [NeedsTheory(Needs)]
    [InlineData(false)]
    [InlineData(true)]
    public void What_the_kernel_learned_meanwhile_is_told_with_its_expiry(bool v6)
    {
        // An address of its own for each, so that no other test has taught the kernel about it.
        var (target, prefix) = v6 ? ("fd77:2::77", 128) : ("10.77.2.77", 32);
        Shell.Run("ip", "-n", network.Server, "addr", "add", $"{target}/{prefix}", "dev", "lo");
        var address = IpAddress.Parse(target);
        var before = network.InClient(LearnedRoutes.Read);
        var family = v6 ? AF_INET6 : AF_INET;
        using var socket = network.InClient(() => SocketCalls.Open(family, SOCK_DGRAM, 0, "a UDP socket"));
        SocketCalls.Set(socket, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_MTU_DISCOVER : IP_MTU_DISCOVER, IP_PMTUDISC_DO, nameof(IP_MTU_DISCOVER));
        SocketCalls.Connect(socket, new SocketAddress(address, 9));
        Assert.Empty(network.InClient(LearnedRoutes.Read).Since(before, new HashSet<IpAddress> { address }));
        FileCalls.TryWrite(socket, new byte[1372]);

        // A fresh IPv6 link finds its neighbours only after a moment.
        SpinWait.SpinUntil(() => network.InClient(() => HostRoutes.Lookup(address)).Learned, TimeSpan.FromSeconds(10));
        var after = network.InClient(LearnedRoutes.Read);
        var learned = Assert.Single(after.Since(before, new HashSet<IpAddress> { address }));
        Assert.Equal((address, 1300, false), (learned.Destination, learned.Mtu, learned.MtuLocked));
        Assert.InRange(learned.ExpiresSeconds, 1, 600);
        Assert.Empty(after.Since(before, new HashSet<IpAddress> { Server4 }));
        Assert.Empty(network.InClient(LearnedRoutes.Read).Since(after, new HashSet<IpAddress> { address }));
    }

    [NeedsFact(Need.Namespaces)]
    public void Source_selection_follows_the_route_and_sends_nothing()
    {
        Assert.Equal(Client4, network.InClient(() => HostRoutes.SelectSource(Server4)));
        Assert.Equal(Client6, network.InClient(() => HostRoutes.SelectSource(Server6, "c0", 7)));

        var error = Assert.Throws<LinuxException>(() => NamespaceThread.Run(PathOf(network.Router), () => HostRoutes.SelectSource(IpAddress.Parse("192.0.2.1"))));
        Assert.Equal("ENETUNREACH", error.ErrnoName);
        Assert.Contains("no route", error.Message, StringComparison.Ordinal);
    }

    [NeedsFact(Need.Namespaces)]
    public void The_source_of_a_packet_chooses_among_policy_routes()
    {
        // A second address whose packets a rule sends nowhere, as one with another uplink would be sent there.
        Shell.Run("ip", "-n", network.Client, "addr", "add", "10.77.1.99/24", "dev", "c0");
        Shell.Run("ip", "-n", network.Client, "rule", "add", "from", "10.77.1.99", "unreachable");
        using var port = network.InClient(() => new RawPacketPort(new RawPortOptions()));
        Assert.Equal(SendStatus.NoRoute, port.Send(TestPackets.Echo(IpAddress.Parse("10.77.1.99"), Server4, 1, 1), 1));
        Assert.Equal(SendStatus.Sent, port.Send(TestPackets.Echo(Client4, Server4, 1, 1), 2));
    }

    [NeedsFact(Need.Namespaces)]
    public void The_mark_chooses_among_policy_routes()
    {
        Shell.Run("ip", "-n", network.Client, "rule", "add", "fwmark", "7", "unreachable");
        using var marked = network.InClient(() => new RawPacketPort(new RawPortOptions { Mark = 7 }));
        using var other = network.InClient(() => new RawPacketPort(new RawPortOptions { Mark = 8 }));
        Assert.Equal(SendStatus.NoRoute, marked.Send(TestPackets.Echo(Client4, Server4, 1, 1), 1));
        Assert.Equal(SendStatus.Sent, other.Send(TestPackets.Echo(Client4, Server4, 1, 1), 1));
        Assert.Equal("ENETUNREACH", Assert.Throws<LinuxException>(() => network.InClient(() => HostRoutes.Lookup(Server4, mark: 7))).ErrnoName);
        Assert.Equal("c0", network.InClient(() => HostRoutes.Lookup(Server4, mark: 8)).Interface);
    }

    private static byte[] Packet(IpAddress source, IpAddress target, ProbeProtocol protocol, HeldPorts? held) => protocol switch
    {
        ProbeProtocol.Icmp => TestPackets.Echo(source, target, 1, 1, size: 1400),
        ProbeProtocol.Udp => TestPackets.Udp(source, target, held!.Ports[0], 33434, size: 1400),
        _ => TestPackets.Syn(source, target, held!.Ports[0], 80, size: 1400),
    };

    private string RouteGet(IpAddress target) => Exec(network.Client, "ip", "route", "get", target.ToString());

    private static ProbeSocketsOptions Sockets(IpAddress target, ProbeProtocol protocol) => new(new())
    {
        Target = target,
        Protocol = protocol,
        TimeoutNs = 1_000_000_000,
        Via = default,
    };
}
