using Probe.Core.Health;
using Probe.Core.Linux;
using Probe.Core.Packets;
using Probe.Core.Vocabulary;
using Probe.Lab.Instruments;
using Probe.Lab.Networks;

namespace Probe.Core.Tests.Health;

/// <summary>What the wire and the kernel can say about one check, each reproduced by a real cause, by kernel sockets and by packets of our own.</summary>
public sealed class TaxonomyTests(CheckFixture fixture) : IClassFixture<CheckFixture>
{
    // A busy machine holds this process up for tens of milliseconds, which would excuse a shorter silence.
    private static readonly TimeSpan s_short = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_long = TimeSpan.FromSeconds(10);

    private string Client => fixture.Network.Client;

    private string Server => fixture.Network.Server;

    [NeedsTheory(Need.Namespaces)]
    [InlineData(CheckEngineKind.Sockets, false, CheckKind.Syn)]
    [InlineData(CheckEngineKind.Sockets, true, CheckKind.Syn)]
    [InlineData(CheckEngineKind.Sockets, false, CheckKind.Connect)]
    [InlineData(CheckEngineKind.Sockets, true, CheckKind.Connect)]
    [InlineData(CheckEngineKind.Raw, false, CheckKind.Syn)]
    [InlineData(CheckEngineKind.Raw, true, CheckKind.Syn)]
    public void An_open_port_answers(CheckEngineKind engine, bool v6, CheckKind kind)
    {
        using var listener = new CheckedListener(Server);
        var outcome = fixture.Check(engine, CheckNetwork.Target(7, CheckNetwork.Alive(0, v6), s_long, kind));
        Assert.Equal((CheckEnd.Answered, 0, 7, 1), (outcome.End, outcome.Errno, outcome.Target, outcome.Attempt));
        Assert.InRange(outcome.RttNs, 1, s_long.Ticks * 100);
        Assert.Equal((outcome.RttNs, null), (outcome.ConnectNs, outcome.FailedIn));
        Assert.Equal(kind == CheckKind.Connect ? 1 : 0, WaitForAccepted(listener, kind == CheckKind.Connect ? 1 : 0));
    }

    [NeedsTheory(Need.Namespaces)]
    [InlineData(CheckEngineKind.Sockets, false)]
    [InlineData(CheckEngineKind.Sockets, true)]
    [InlineData(CheckEngineKind.Raw, false)]
    [InlineData(CheckEngineKind.Raw, true)]
    public void A_closed_port_refuses(CheckEngineKind engine, bool v6)
    {
        var outcome = fixture.Check(engine, Target(CheckNetwork.Alive(0, v6)));
        Assert.Equal((CheckEnd.Refused, Errno.ECONNREFUSED, false), (outcome.End, outcome.Errno, outcome.Synchronous));
        Assert.True(outcome.RttNs > 0 && outcome.IcmpFrom.IsNone && outcome.FailedIn == CheckPhase.Connect);
    }

    [NeedsTheory(Need.Namespaces)]
    [InlineData(CheckEngineKind.Sockets, false)]
    [InlineData(CheckEngineKind.Sockets, true)]
    [InlineData(CheckEngineKind.Raw, false)]
    [InlineData(CheckEngineKind.Raw, true)]
    public void Silence_times_out(CheckEngineKind engine, bool v6)
    {
        // Well before the kernel repeats a SYN, which is after a second (TCP_TIMEOUT_INIT).
        var outcome = fixture.Check(engine, Target(CheckNetwork.BlackHole(0, v6), s_short / 2));
        Assert.True(outcome is { End: CheckEnd.TimedOut, RttNs: -1, Errno: 0, SynRetransmits: 0 }, outcome.ToString());
    }

    [NeedsFact(Need.Namespaces | Need.Nftables)]
    public void A_drop_in_our_own_output_looks_like_silence_to_sockets_and_is_told_to_packets_at_once()
    {
        using var rule = CheckFixture.Rules(Client, "chain out { type filter hook output priority 0; tcp dport 80 drop; }");
        Assert.Equal(CheckEnd.TimedOut, fixture.Check(CheckEngineKind.Sockets, Target(CheckNetwork.Alive(0), s_short)).End);
        AssertLocal(Errno.EPERM, fixture.Check(CheckEngineKind.Raw, Target(CheckNetwork.Alive(0), s_short)));
    }

    [NeedsTheory(Need.Namespaces)]
    [InlineData(CheckEngineKind.Sockets)]
    [InlineData(CheckEngineKind.Raw)]
    public void A_peer_without_carrier_looks_like_silence_to_known_neighbours(CheckEngineKind engine)
    {
        using var down = CheckFixture.Ip(Server, ["link set west down"],
        [
            "link set west up", "addr add fd30::2/64 dev west nodad", "neigh replace 10.30.0.1 lladdr 02:30:00:00:00:01 dev west nud permanent",
            "neigh replace fd30::1 lladdr 02:30:00:00:00:01 dev west nud permanent",
        ]);
        var outcome = fixture.Check(engine, Target(CheckNetwork.Alive(0), s_short));
        Assert.True(outcome is { End: CheckEnd.TimedOut, RttNs: -1, Errno: 0 }, outcome.ToString());
    }

    [NeedsTheory(Need.Namespaces)]
    [InlineData(CheckEngineKind.Sockets, "unreachable", Errno.EHOSTUNREACH)]
    [InlineData(CheckEngineKind.Sockets, "prohibit", Errno.EACCES)]
    [InlineData(CheckEngineKind.Sockets, "blackhole", Errno.EINVAL)]
    [InlineData(CheckEngineKind.Raw, "unreachable", Errno.EHOSTUNREACH)]
    [InlineData(CheckEngineKind.Raw, "prohibit", Errno.EACCES)]
    [InlineData(CheckEngineKind.Raw, "blackhole", Errno.EINVAL)]
    public void A_local_route_that_refuses_is_said_at_once(CheckEngineKind engine, string type, int errno)
    {
        using var route = CheckFixture.Ip(Client, [$"route add {type} 10.31.0.0/16"], [$"route del {type} 10.31.0.0/16"]);
        AssertLocal(errno, fixture.Check(engine, Target(CheckNetwork.Alive(0))));
    }

    [NeedsTheory(Need.Namespaces)]
    [InlineData(CheckEngineKind.Sockets)]
    [InlineData(CheckEngineKind.Raw)]
    public void No_route_is_said_at_once(CheckEngineKind engine)
    {
        using var route = CheckFixture.Ip(Client, ["route del default"], ["route add default via 10.30.0.2"]);
        AssertLocal(Errno.ENETUNREACH, fixture.Check(engine, Target(CheckNetwork.Alive(0))));
    }

    [NeedsTheory(Need.Namespaces)]
    [InlineData(CheckEngineKind.Sockets)]
    [InlineData(CheckEngineKind.Raw)]
    public void A_downed_interface_is_said_at_once(CheckEngineKind engine)
    {
        using var down = CheckFixture.Ip(Client, ["link set east down"],
        [
            "link set east up", "addr add fd30::1/64 dev east nodad", "neigh replace 10.30.0.2 lladdr 02:30:00:00:00:02 dev east nud permanent",
            "neigh replace fd30::2 lladdr 02:30:00:00:00:02 dev east nud permanent", "route add default via 10.30.0.2", "route add default via fd30::2",
        ]);
        AssertLocal(Errno.ENETUNREACH, fixture.Check(engine, Target(CheckNetwork.Alive(0))));
    }

    [NeedsTheory(Need.Namespaces)]
    [InlineData(CheckEngineKind.Sockets)]
    [InlineData(CheckEngineKind.Raw)]
    public void An_unanswered_neighbour_is_told_by_this_host_itself(CheckEngineKind engine)
    {
        // Three ARP requests, a second apart.
        var outcome = fixture.Check(engine, Target(IpAddress.Parse("10.30.0.77")));
        Assert.Equal((CheckEnd.IcmpError, Errno.EHOSTUNREACH, 3, 1), (outcome.End, outcome.Errno, outcome.IcmpType, outcome.IcmpCode));
        Assert.Equal(CheckNetwork.ClientAddress(false), outcome.IcmpFrom);
    }

    [NeedsFact(Need.Namespaces)]
    public void A_source_that_is_not_ours_is_said_at_once() =>
        AssertLocal(Errno.EADDRNOTAVAIL, fixture.Check(Target(CheckNetwork.Alive(0)), new(new()) { InFlight = 1, Source = IpAddress.Parse("10.99.0.1") }));

    [NeedsFact(Need.Namespaces)]
    public void A_device_that_is_gone_is_said_at_once() =>
        AssertLocal(Errno.ENODEV, fixture.Check(Target(CheckNetwork.Alive(0)), new(new()) { InFlight = 1, Interface = "gone" }));

    [NeedsTheory(Need.Namespaces | Need.Nftables)]
    [InlineData("icmp type port-unreachable", Errno.ECONNREFUSED, 3)]
    [InlineData("icmp type admin-prohibited", Errno.EHOSTUNREACH, 13)]
    public void A_local_reject_names_this_host(string with, int errno, int code)
    {
        using var rule = CheckFixture.Rules(Client, $"chain out {{ type filter hook output priority 0; tcp dport 80 reject with {with}; }}");
        var outcome = fixture.Check(Target(CheckNetwork.Alive(0)));
        Assert.Equal((CheckEnd.IcmpError, errno, 3, code), (outcome.End, outcome.Errno, outcome.IcmpType, outcome.IcmpCode));
        Assert.Equal(CheckNetwork.ClientAddress(false), outcome.IcmpFrom);
    }

    [NeedsFact(Need.Namespaces | Need.Nftables)]
    public void A_local_reject_with_a_reset_looks_like_the_target_s()
    {
        using var rule = CheckFixture.Rules(Client, "chain out { type filter hook output priority 0; tcp dport 80 reject with tcp reset; }");
        var outcome = fixture.Check(Target(CheckNetwork.Alive(0)));
        Assert.Equal((CheckEnd.Refused, Errno.ECONNREFUSED), (outcome.End, outcome.Errno));
    }

    [NeedsTheory(Need.Namespaces | Need.Nftables)]
    [InlineData(CheckEngineKind.Sockets, "icmp type host-unreachable", Errno.EHOSTUNREACH, 3, 1)]
    [InlineData(CheckEngineKind.Sockets, "icmp type net-unreachable", Errno.ENETUNREACH, 3, 0)]
    [InlineData(CheckEngineKind.Sockets, "icmp type admin-prohibited", Errno.EHOSTUNREACH, 3, 13)]
    [InlineData(CheckEngineKind.Sockets, "icmp type host-prohibited", Errno.EHOSTUNREACH, 3, 10)]
    [InlineData(CheckEngineKind.Sockets, "icmp type port-unreachable", Errno.ECONNREFUSED, 3, 3)]
    [InlineData(CheckEngineKind.Sockets, "icmp type prot-unreachable", Errno.ENOPROTOOPT, 3, 2)]
    [InlineData(CheckEngineKind.Sockets, "icmpv6 type no-route", Errno.ENETUNREACH, 1, 0)]
    [InlineData(CheckEngineKind.Sockets, "icmpv6 type admin-prohibited", Errno.EACCES, 1, 1)]
    [InlineData(CheckEngineKind.Sockets, "icmpv6 type addr-unreachable", Errno.EHOSTUNREACH, 1, 3)]
    [InlineData(CheckEngineKind.Sockets, "icmpv6 type port-unreachable", Errno.ECONNREFUSED, 1, 4)]
    [InlineData(CheckEngineKind.Raw, "icmp type host-unreachable", Errno.EHOSTUNREACH, 3, 1)]
    [InlineData(CheckEngineKind.Raw, "icmp type net-unreachable", Errno.ENETUNREACH, 3, 0)]
    [InlineData(CheckEngineKind.Raw, "icmp type admin-prohibited", Errno.EHOSTUNREACH, 3, 13)]
    [InlineData(CheckEngineKind.Raw, "icmp type host-prohibited", Errno.EHOSTUNREACH, 3, 10)]
    [InlineData(CheckEngineKind.Raw, "icmp type port-unreachable", Errno.ECONNREFUSED, 3, 3)]
    [InlineData(CheckEngineKind.Raw, "icmp type prot-unreachable", Errno.ENOPROTOOPT, 3, 2)]
    [InlineData(CheckEngineKind.Raw, "icmpv6 type no-route", Errno.ENETUNREACH, 1, 0)]
    [InlineData(CheckEngineKind.Raw, "icmpv6 type admin-prohibited", Errno.EACCES, 1, 1)]
    [InlineData(CheckEngineKind.Raw, "icmpv6 type addr-unreachable", Errno.EHOSTUNREACH, 1, 3)]
    [InlineData(CheckEngineKind.Raw, "icmpv6 type port-unreachable", Errno.ECONNREFUSED, 1, 4)]
    public void An_ICMP_error_comes_with_its_type_its_code_and_who_said_it(CheckEngineKind engine, string with, int errno, int type, int code)
    {
        var v6 = with.StartsWith("icmpv6", StringComparison.Ordinal);
        foreach (var (hook, address, from) in new[]
        {
            ("forward", CheckNetwork.Beyond(0, v6), CheckNetwork.ServerAddress(v6)),
            ("input", CheckNetwork.ServerAddress(v6), CheckNetwork.ServerAddress(v6)),
        })
        {
            using var rule = CheckFixture.Rules(Server, $"chain in {{ type filter hook {hook} priority 0; tcp dport 80 reject with {with}; }}");
            var outcome = fixture.Check(engine, Target(address));
            Assert.Equal((CheckEnd.IcmpError, errno, type, code, false), (outcome.End, outcome.Errno, outcome.IcmpType, outcome.IcmpCode, outcome.Synchronous));
            Assert.Equal(from, outcome.IcmpFrom);
        }
    }

    [NeedsFact(Need.Namespaces)]
    public void Nobody_is_up_because_a_check_met_itself()
    {
        // Where nobody listens, the only local port there is answers its own SYN.
        var outcome = fixture.Check(
            CheckNetwork.Target(0, IpAddress.Parse("127.0.0.1"), s_long, port: 45_000), new(new()) { InFlight = 1, Ports = (45_000, 45_000) });
        Assert.Equal((CheckEnd.Refused, Errno.ECONNREFUSED, false), (outcome.End, outcome.Errno, outcome.AckEscaped));
    }

    [NeedsTheory(Need.Namespaces | Need.Nftables)]
    [InlineData(CheckEngineKind.Sockets)]
    [InlineData(CheckEngineKind.Raw)]
    public void A_lost_SYN_costs_a_second_and_is_counted(CheckEngineKind kind)
    {
        using var listener = new CheckedListener(Server);
        using var engine = fixture.EngineOf(kind);
        using (CheckFixture.Rules(Server, "chain in { type filter hook input priority 0; tcp dport 80 drop; }"))
        {
            // Packets leave when the engine is polled.
            fixture.Start(engine, Target(CheckNetwork.Alive(0)));
            engine.Poll(0, new CheckLoad(engine, []));
        }

        var outcome = CheckFixture.Outcome(engine);
        Assert.Equal((CheckEnd.Answered, 1), (outcome.End, outcome.SynRetransmits));
        Assert.InRange(outcome.RttNs, 900_000_000, s_long.Ticks * 100);
    }

    [NeedsTheory(Need.Namespaces | Need.Nftables)]
    [InlineData(CheckEngineKind.Sockets)]
    [InlineData(CheckEngineKind.Raw)]
    public void A_reused_port_that_meets_a_half_open_connection_is_up_with_the_extra_SYN_reported(CheckEngineKind kind)
    {
        using var listener = new CheckedListener(Server);
        using var engine = fixture.EngineOf(kind);
        using (CheckFixture.Rules(Client, "chain out { type filter hook output priority 0; tcp flags & rst == rst drop; }"))
        {
            Assert.Equal(CheckEnd.Answered, fixture.Check(engine, Target(CheckNetwork.Alive(0))).End);
        }

        var second = fixture.Check(engine, Target(CheckNetwork.Alive(0)));
        Assert.True(second is { End: CheckEnd.Answered, SynRetransmits: >= 1, AckEscaped: false }, second.ToString());
        Assert.Equal(0, listener.Accepted);
        if (kind == CheckEngineKind.Raw)
        {
            // Sent again at once, and once; the kernel's own connections wait for their timer.
            Assert.Equal(1, second.SynRetransmits);
            Assert.InRange(second.RttNs, 1, 900_000_000);
        }
    }

    private static CheckTarget Target(IpAddress address, TimeSpan? timeout = null) => CheckNetwork.Target(0, address, timeout ?? s_long);

    private static void AssertLocal(int errno, CheckOutcome outcome)
    {
        Assert.Equal((CheckEnd.Failed, errno, true), (outcome.End, outcome.Errno, outcome.Synchronous));
        Assert.Equal((-1, CheckPhase.Connect), (outcome.RttNs, outcome.FailedIn));
    }

    private static long WaitForAccepted(CheckedListener listener, long expected)
    {
        SpinWait.SpinUntil(() => listener.Accepted >= expected, 2_000);
        return listener.Accepted;
    }
}
