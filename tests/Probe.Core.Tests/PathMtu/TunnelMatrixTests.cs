using Probe.Core.Packets;
using Probe.Core.PathMtu;
using Probe.Core.Probing;
using Probe.Core.Vocabulary;
using Probe.Lab.Simulation;
using Xunit.Abstractions;

namespace Probe.Core.Tests.PathMtu;

/// <summary>The acceptance matrix from the director: probes wear the tunnel's headers themselves, the real server answers straight back.</summary>
[Collection(Lanes.Simulated)]
public sealed class TunnelMatrixTests(ITestOutputHelper output)
{
    private const int Runs = 300;
    private const int Flows = 9;

    private static readonly Dictionary<string, Func<Random, string, MatrixCase>> _cells = new(StringComparer.Ordinal)
    {
        ["clear"] = (random, kind) => Case(random, TunnelNetworks.Plan(random, kind), PathMtuVerdict.Clear),
        ["signalled"] = (random, kind) => Case(random, Small(random, kind), PathMtuVerdict.Signalled, also: run =>
            run.Evidence.Signals.All(signal => signal.Role == PathMtuRole.Router && signal.InnerMtu == run.Evidence.Mtu) && run.Evidence.Hop == 1 ? null : "signal"),
        ["silent"] = (random, kind) => Case(random, Small(random, kind), PathMtuVerdict.BlackHole, PlainNetworks.Silent, run =>
            run.Evidence.Hop == 1 ? null : $"hop {run.Evidence.Hop}"),
        ["field 0"] = (random, kind) => Case(random, Small(random, kind), PathMtuVerdict.WrongSignal, PlainNetworks.Lie(0)),
        ["field 68"] = (random, kind) => Case(random, Small(random, kind), PathMtuVerdict.WrongSignal, PlainNetworks.Lie(68)),
        ["field 9000"] = (random, kind) => Case(random, Small(random, kind), PathMtuVerdict.WrongSignal, PlainNetworks.Lie(9000)),
        ["IPv6 inside, signalled"] = (random, kind) => V6(random, kind, PathMtuVerdict.Signalled, null),
        ["IPv6 inside, silent"] = (random, kind) => V6(random, kind, PathMtuVerdict.BlackHole, PlainNetworks.Silent),
        ["return path, echo and ACK"] = Return,
        ["decapsulation missing"] = (random, kind) => Missing(random, kind),
        ["ECMP member"] = Member,
        ["signalled, 10 % loss"] = (random, kind) => Lossy(Case(random, Small(random, kind), PathMtuVerdict.Signalled)),
        ["silent, 10 % loss"] = (random, kind) => Lossy(Case(random, Small(random, kind), PathMtuVerdict.BlackHole, PlainNetworks.Silent)),
        ["field 0, 10 % loss"] = (random, kind) => Lossy(Case(random, Small(random, kind), PathMtuVerdict.WrongSignal, PlainNetworks.Lie(0))),
    };

    public static TheoryData<string> Cells => [.. _cells.Keys];

    [Theory]
    [MemberData(nameof(Cells))]
    public void Verdict_and_size_are_right(string cell)
    {
        foreach (var kind in TunnelNetworks.Kinds)
        {
            var count = new MatrixCell($"{kind} from the director, {cell}", random => _cells[cell](random, kind)).Run(Runs, Seed.Value);
            output.WriteLine(count.ToString());
            Assert.True(count.Share >= (cell.Contains("loss", StringComparison.Ordinal) ? 0.95 : 0.99), count + Environment.NewLine + count.Failures);
            Assert.True(count.ProvedWrong == 0, count + Environment.NewLine + count.Failures);
        }
    }

    private static TunnelPlan Small(Random random, string kind)
    {
        var plan = TunnelNetworks.Plan(random, kind) with { EntryMtu = 1500 };
        return plan with { OuterMtu = Math.Min(1499, TunnelNetworks.OuterMtu(random, plan)) };
    }

    /// <summary>Asked by any of the ways whose answers stay small.</summary>
    private static MatrixCase Case(Random random, TunnelPlan plan, PathMtuVerdict verdict, TooBigPolicy? policy = null, Func<SimulatedSearch, string?>? also = null)
    {
        var segment = random.Next(2) == 0 ? TcpSegmentKind.Ack : TcpSegmentKind.Syn;
        return new MatrixCase
        {
            Topology = policy is null ? plan.FromDirector() : plan.FromDirector().With("r2", node => node with { TooBig = policy }),
            Mtu = verdict == PathMtuVerdict.NotAnswering ? null : Math.Min(plan.EntryMtu, plan.OuterMtu) - plan.Overhead,
            Verdict = verdict,
            Change = options => options with { Segment = segment, Via = Via(plan) },
            Also = run => run.Evidence.Mtu + plan.Overhead != run.Evidence.OuterMtu ? "outer" : also?.Invoke(run),
        };
    }

    private static MatrixCase V6(Random random, string kind, PathMtuVerdict verdict, TooBigPolicy? policy)
    {
        var plan = Small(random, kind);
        return Case(random, plan with { OuterMtu = random.Next(1280 + plan.Overhead, 1500) }, verdict, policy) with { IsV6 = true };
    }

    private static MatrixCase Return(Random random, string kind)
    {
        var plan = TunnelNetworks.Plan(random, kind) with { ReturnMtu = PlainNetworks.Size(random), ReturnIsSilent = true };
        var drawn = Case(random, plan, PathMtuVerdict.ReturnPath);
        return drawn with
        {
            Protocol = ProbeProtocol.Icmp,
            Change = options => drawn.Change(options) with { CrossChecks = [new PathMtuQuestion(ProbeProtocol.Tcp, SimulatedSearch.FlowOf(50, ProbeProtocol.Tcp, false), TcpSegmentKind.Ack)] },
            Also = run => run.Evidence.ReturnMtu == plan.ReturnMtu ? null : $"back {run.Evidence.ReturnMtu} and not {plan.ReturnMtu}",
        };
    }

    private static MatrixCase Missing(Random random, string kind)
    {
        var reason = kind is "ipip" or "gre" ? PathMtuReason.ProtocolUnreachable : PathMtuReason.PortUnreachable;
        var drawn = Case(random, TunnelNetworks.Plan(random, kind), PathMtuVerdict.NotAnswering, also: run => run.Evidence.Reason == reason ? null : "another reason");
        return drawn with { Topology = TunnelNetworks.WithoutEnd(drawn.Topology) };
    }

    /// <summary>Routers in the tunnel share its flows where the outer header shows them, and one has a smaller link.</summary>
    private static MatrixCase Member(Random random, string kind)
    {
        var plan = TunnelNetworks.Plan(random, kind) with { MemberCount = random.Next(2, 5) };
        plan = plan with { MemberMtu = TunnelNetworks.OuterMtu(random, plan) };
        var drawn = Case(random, plan, PathMtuVerdict.Clear);
        var truth = new GroundTruth(drawn.Topology);
        var mtus = Enumerable.Range(1, Flows).Select(id => TrueMtu(truth, plan, SimulatedSearch.FlowOf(id, ProbeProtocol.Tcp, false))).ToArray();
        return drawn with
        {
            Mtu = mtus[0],
            Verdict = mtus.Max() == 1600 - plan.Overhead && mtus[0] == mtus.Max() ? PathMtuVerdict.Clear : PathMtuVerdict.Signalled,
            Change = options => drawn.Change(options) with { OtherFlows = Flows - 1 },
            Also = run =>
            {
                var rows = run.All.Skip(1).Select(row => (row.Flow!.Id, row.Mtu!.Value)).Order();
                var wanted = mtus.Select((size, index) => (index + 1, size)).Where(row => row.size != mtus[0]);
                return rows.SequenceEqual(wanted) ? null : $"rows {string.Join(' ', rows)} and not {string.Join(' ', wanted)}";
            },
        };
    }

    private static int TrueMtu(GroundTruth truth, TunnelPlan plan, Flow flow)
    {
        var inner = GroundTruth.Template(FlowKey.Of(TopologyBuilder.VantageV4, TopologyBuilder.TargetV4, ProbeProtocol.Tcp, flow));
        var outer = new byte[plan.Overhead + inner.Length];
        inner.CopyTo(outer, plan.Overhead);
        EncapsulationWriter.Wrap(Via(plan), outer, inner.Length, new OuterFields { Id = 1 });
        return truth.PathMtu(outer) - plan.Overhead;
    }

    private static EncapsulationStack Via(TunnelPlan plan) => new([.. plan.Via().Select(layer => layer with { Source = TopologyBuilder.VantageV4 })]);

    private static MatrixCase Lossy(MatrixCase drawn) => drawn with
    {
        Topology = drawn.Topology.WithLink(TopologyBuilder.Vantage, "r2", link => link with
        {
            Quality = link.Quality with { Loss = 0.1 },
            Back = (link.Back ?? link.Quality) with { Loss = 0.1 },
        }),
    };
}
