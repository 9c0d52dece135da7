using System.Globalization;
using Probe.Core.Conversations;
using Probe.Core.Evidence;
using Probe.Core.Host;
using Probe.Core.Packets;
using Probe.Core.TcpTests;
using Probe.Core.Vocabulary;
using Probe.Lab.Networks;

namespace Probe.Core.Tests.TcpTests;

/// <summary>The two incidents that only a kernel's TCP has, reproduced in namespaces and told from outside, and silence on their healthy twins.</summary>
public sealed class TcpKernelTests : IDisposable
{
    private const Need Needs = Need.Namespaces | Need.Nftables;

    private static readonly int s_runs = int.Parse(Environment.GetEnvironmentVariable("PROBE_RUNS") ?? "5", CultureInfo.InvariantCulture);

    private readonly KernelLab _lab = new();

    public void Dispose() => _lab.Dispose();

    [NeedsFact(Needs)]
    public void A_path_mtu_learned_late_stalls_a_connection_that_was_open_before()
    {
        using var net = DirectorNet.Build(_lab, new DirectorFaults { RouteMtu = 1480 });
        for (var run = 1; run <= s_runs; run++)
        {
            var stall = Stall(net, run);
            var text = Text(stall);
            Assert.True(stall is { Verdict: TcpStallVerdict.Stall, Confidence: Confidence.Proved }, text);
            Assert.InRange(stall.StallNs!.Value, 190_000_000, 260_000_000);
            Assert.True(stall.SelfIcmp > 0 && stall.PathIcmp > 0, text);
            Assert.Equal(DirectorNet.DirectorAddress.ToString(), stall.PathIcmpFrom);
            Assert.Equal(stall.Counters["IpFragFails"], stall.Counters["IcmpOutDestUnreachs"]);
            Assert.True(stall.Learned is { LearnedMtu: 1480, ConfiguredMtu: null, DeviceMtu: 1500, Interface: "c0", Route: "10.40.9.0/24", ExpiresSeconds: > 500 }, text);
            Assert.Equal(1440, stall.FittingMss);

            var late = stall.Connections.Single(connection => connection.Name is "B");
            Assert.True(late is { Persist: true, Before.Pmtu: 1500, After: { Pmtu: 1480, TotalRetrans: 0 }, End: TcpEnd.Done }, text);
            Assert.Contains(late.Samples, sample => sample is { NotSent: > 0, Unacked: 0, Pmtu: 1480, Timer: TcpTimer.Persist });
            Assert.Empty(KernelLab.In(net.Client, () => SocketTable.To(DirectorNet.Vip(run))));
            Assert.True(stall.Connections.Single(connection => connection.Name is "D") is { Before.Pmtu: 1480, StallNs: 0, Persist: false }, text);
        }
    }

    [NeedsFact(Needs)]
    public void Nothing_stalls_where_full_segments_pass_or_the_route_says_its_mtu()
    {
        using var clear = DirectorNet.Build(_lab, new DirectorFaults());
        using var cured = DirectorNet.Build(_lab, new DirectorFaults { RouteMtu = 1480, ClientRouteMtu = 1480 });
        for (var run = 1; run <= s_runs; run++)
        {
            foreach (var net in new[] { clear, cured })
            {
                var stall = Stall(net, run);
                Assert.True(stall is { Verdict: TcpStallVerdict.NotLearned, StallNs: null, SelfIcmp: 0, Learned: null }, Text(stall));
            }
        }
    }

    // IPv6 refuses its own segments as well, but its Packet Too Big to itself makes TCP send anew at once.
    [NeedsFact(Needs)]
    public void Over_ipv6_the_kernel_refuses_its_own_segment_and_goes_on_at_once()
    {
        using var net = DirectorNet.Build(_lab, new DirectorFaults { RouteMtu = 1480 });
        var stall = KernelLab.In(net.Client, () => TcpStall.Run(Options(1, v6: true)));
        var text = Text(stall);
        Assert.True(stall is { Verdict: TcpStallVerdict.NoStall, StallNs: null, SelfIcmp: > 0, PathIcmp: > 0, FittingMss: 1420 }, text);
        Assert.True(stall.Learned is { LearnedMtu: 1480, Route: "fd40:9::/64", Gateway: "fd40:1::2", DeviceMtu: 1500 }, text);
        Assert.Equal(stall.Counters["Ip6FragFails"], stall.Counters["Icmp6OutPktTooBigs"]);
        Assert.True(stall.Connections.Single(connection => connection.Name is "B") is { Before.Pmtu: 1500, After.Pmtu: 1480, Persist: false }, text);
    }

    [NeedsFact(Needs)]
    public void A_silent_black_hole_is_no_stall()
    {
        using var net = DirectorNet.Build(_lab, new DirectorFaults());
        KernelLab.Nft(net.Director, "table ip hole {\nchain c {\ntype filter hook prerouting priority 0\nip length > 1480 drop\n}\n}");
        var stall = KernelLab.In(net.Client, () => TcpStall.Run(Options(1) with { TransferTimeoutNs = 700_000_000 }));
        Assert.Equal((TcpStallVerdict.CannotTell, null), (stall.Verdict, stall.StallNs));
        Assert.Equal("connection A timed out without an acknowledgment and without a smaller path MTU: a silent black hole looks so", stall.Reason);
        Assert.Equal(0, stall.PathIcmp);
    }

    [NeedsFact(Needs)]
    public void A_stopped_test_says_what_it_saw_and_leaves_nothing_open()
    {
        using var net = DirectorNet.Build(_lab, new DirectorFaults { RouteMtu = 1480 });
        using var stop = new CancellationTokenSource();
        var watcher = new Thread(() => KernelLab.In(net.Client, () =>
        {
            // In the middle of the stall, whatever else this machine does.
            var seen = SpinWait.SpinUntil(() => SocketTable.To(DirectorNet.Vip(1)).Any(socket => socket.Timer is TcpTimer.Persist), TimeSpan.FromSeconds(20));
            stop.Cancel();
            return seen;
        }));
        watcher.Start();
        var stall = KernelLab.In(net.Client, () => TcpStall.Run(Options(1), stop.Token));
        watcher.Join();
        Assert.Equal((TcpStallVerdict.CannotTell, "stopped before its end"), (stall.Verdict, stall.Reason));
        Assert.Equal(TcpEnd.Interrupted, stall.Connections[1].End);
        Assert.Empty(KernelLab.In(net.Client, () => SocketTable.To(DirectorNet.Vip(1))));
    }

    [NeedsFact(Needs)]
    public void What_is_learned_already_is_said_and_nothing_is_sent()
    {
        using var net = DirectorNet.Build(_lab, new DirectorFaults { RouteMtu = 1480 });
        Stall(net, 1);
        var again = Stall(net, 1);
        Assert.Equal(TcpStallVerdict.CannotTell, again.Verdict);
        Assert.Matches("1480 is learned already; wait 5[0-9][0-9] s", again.Reason);
        Assert.Empty(again.Connections);
    }

    [NeedsTheory(Needs)]
    [InlineData(TcpDirection.Upload)]
    [InlineData(TcpDirection.Download)]
    public void Segments_that_die_only_in_company_are_told_from_loss(TcpDirection direction)
    {
        using var broken = DirectorNet.Build(_lab, new DirectorFaults { LosesMerged = true });
        using var healthy = DirectorNet.Build(_lab, new DirectorFaults());
        for (var run = 1; run <= s_runs; run++)
        {
            var bad = Transfer(broken, direction);
            Assert.True(bad is { Verdict: TcpTransferVerdict.AggregationDependentLoss, Confidence: Confidence.Likely }, Text(bad));
            Assert.Equal((0, TcpEnd.Done), (bad.Pacings[0].Retransmitted, bad.Pacings[0].End));
            var good = Transfer(healthy, direction);
            Assert.True(good is { Verdict: TcpTransferVerdict.Clean }, Text(good));
            Assert.All(good.Pacings, pacing => Assert.Equal((0, TcpEnd.Done, 32_000), (pacing.Retransmitted, pacing.End, pacing.Acknowledged)));
        }
    }

    [NeedsFact(Needs)]
    public void An_mss_that_is_lowered_on_the_way_is_seen_from_both_ends()
    {
        using var net = DirectorNet.Build(_lab, new DirectorFaults { ClampedMss = 1400 });
        var down = Transfer(net, TcpDirection.Download);
        Assert.Equal(1400, down.Pacings[0].SynMss);
        var up = Transfer(net, TcpDirection.Upload);
        var mss = MssReading.Of(up.Pacings[0].Before!, v4: true, down.Pacings[0].SynMss);
        Assert.Equal(new MssEvidence { Sent = 1460, SentArrived = 1400, Received = 1400, LargestPacket = 1440 }, mss);
        Assert.True(mss.Clamped);

        using var plain = DirectorNet.Build(_lab, new DirectorFaults());
        var free = MssReading.Of(Transfer(plain, TcpDirection.Upload).Pacings[0].Before!, v4: true);
        Assert.Equal(new MssEvidence { Sent = 1460, Received = null, LargestPacket = 1500 }, free);
        Assert.False(free.Clamped);
    }

    [NeedsFact(Needs)]
    public void Nobody_there_and_nobody_answering_are_results()
    {
        using var net = DirectorNet.Build(_lab, new DirectorFaults());
        var closed = new TcpConversationOptions(new()) { Target = DirectorNet.Vip(1), Port = 9 };
        var nowhere = closed with { Target = IpAddress.Parse("10.77.1.1") };
        foreach (var (to, end, errno) in new[] { (closed, TcpEnd.Refused, "ECONNREFUSED"), (nowhere, TcpEnd.Unreachable, "ENETUNREACH") })
        {
            var options = new TcpTestOptions { To = to, Payload = TcpPayload.Zeros };
            var up = KernelLab.In(net.Client, () => TcpTransfer.Upload(options));
            Assert.Equal((TcpTransferVerdict.NotAnswering, end, errno), (up.Verdict, up.Pacings[0].End, up.Pacings[0].Errno));
            if (end == TcpEnd.Refused)
            {
                var stall = KernelLab.In(net.Client, () => TcpStall.Run(options));
                Assert.Equal((TcpStallVerdict.NotAnswering, "no connection: was refused, ECONNREFUSED"), (stall.Verdict, stall.Reason));
            }
        }

        BackendNet.Filter(net.Director, "forward", "tcp dport 7777 drop");
        var silent = KernelLab.In(net.Client, () => TcpTransfer.Upload(Options(1) with { ConnectTimeoutNs = 200_000_000 }));
        Assert.Equal((TcpTransferVerdict.NotAnswering, TcpEnd.Timeout), (silent.Verdict, silent.Pacings[0].End));
    }

    private static TcpStallEvidence Stall(DirectorNet net, int vip) => KernelLab.In(net.Client, () => TcpStall.Run(Options(vip)));

    private static TcpTransferEvidence Transfer(DirectorNet net, TcpDirection direction) => KernelLab.In(net.Client, () =>
        direction == TcpDirection.Upload ? TcpTransfer.Upload(Options(1)) : TcpTransfer.Download(Options(1)));

    private static TcpTestOptions Options(int vip, bool v6 = false) => new() { To = new(new()) { Target = DirectorNet.Vip(vip, v6), Port = DirectorNet.Port }, Payload = TcpPayload.Zeros };

    private static string Text(TcpStallEvidence stall) => Json(new TcpEvidence { Stall = stall });

    private static string Text(TcpTransferEvidence transfer) => Json(new TcpEvidence { Upload = transfer });

    private static string Json(TcpEvidence tcp) => System.Text.Json.JsonSerializer.Serialize(tcp, EvidenceJsonTypes.Compact<TcpEvidence>());
}
