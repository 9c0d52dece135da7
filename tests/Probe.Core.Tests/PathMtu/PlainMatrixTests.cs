using Probe.Core.PathMtu;
using Probe.Core.Probing;
using Probe.Core.Vocabulary;
using Probe.Lab.Simulation;
using Xunit.Abstractions;

namespace Probe.Core.Tests.PathMtu;

/// <summary>The acceptance matrix on plain paths.</summary>
[Collection(Lanes.Simulated)]
public sealed class PlainMatrixTests(ITestOutputHelper output)
{
    private const int Runs = 300;
    private const int Flows = 9;

    private static readonly Dictionary<string, Func<Random, MatrixCase>> _cells = new(StringComparer.Ordinal)
    {
        ["clear"] = random => Case(random, 1500, PlainNetworks.Honest, PathMtuVerdict.Clear),
        ["signalled"] = random => Case(random, PlainNetworks.Size(random), PlainNetworks.Honest, PathMtuVerdict.Signalled),
        ["silent"] = random => Case(random, PlainNetworks.Size(random), PlainNetworks.Silent, PathMtuVerdict.BlackHole),
        ["field 0"] = random => Case(random, PlainNetworks.Size(random), PlainNetworks.Lie(0), PathMtuVerdict.WrongSignal),
        ["field 68"] = random => Case(random, PlainNetworks.Size(random), PlainNetworks.Lie(68), PathMtuVerdict.WrongSignal),
        ["field 9000"] = random => Case(random, PlainNetworks.Size(random), PlainNetworks.Lie(9000), PathMtuVerdict.WrongSignal),
        ["return path, SYN beside echo"] = random => Return(random, ProbeProtocol.Tcp),
        ["return path, UDP beside echo"] = random => Return(random, ProbeProtocol.Udp),
        ["silent, echo and SYN"] = random => Echo(Case(random, PlainNetworks.Size(random), PlainNetworks.Silent, PathMtuVerdict.BlackHole), ProbeProtocol.Tcp),
        ["silent, echo and UDP"] = random => Echo(Case(random, PlainNetworks.Size(random), PlainNetworks.Silent, PathMtuVerdict.BlackHole), ProbeProtocol.Udp),
        ["silent, UDP throttled"] = random => Throttled(Case(random, PlainNetworks.Size(random), PlainNetworks.Silent, PathMtuVerdict.BlackHole)),
        ["signalled, UDP throttled"] = random => Throttled(Case(random, PlainNetworks.Size(random), PlainNetworks.Honest, PathMtuVerdict.Signalled)),
        ["silent, a service's fixed words"] = random => FixedWords(random, PlainNetworks.Silent),
        ["signalled, a service's fixed words"] = random => FixedWords(random, PlainNetworks.Honest),
        ["nothing answers"] = random => Deaf(Case(random, 1500, PlainNetworks.Honest, PathMtuVerdict.NotAnswering)),
        ["ECMP member, silent"] = random => Member(random, PlainNetworks.Silent),
        ["ECMP member, signalled"] = random => Member(random, PlainNetworks.Honest),
        ["silent, jitter, duplicates, reordering"] = random => Rough(Case(random, PlainNetworks.Size(random), PlainNetworks.Silent, PathMtuVerdict.BlackHole)),
        ["signalled, jitter, duplicates, reordering"] = random => Rough(Case(random, PlainNetworks.Size(random), PlainNetworks.Honest, PathMtuVerdict.Signalled)),
        ["clear, 10 % loss"] = random => Case(random, 1500, PlainNetworks.Honest, PathMtuVerdict.Clear, 0.1),
        ["signalled, 10 % loss"] = random => Case(random, PlainNetworks.Size(random), PlainNetworks.Honest, PathMtuVerdict.Signalled, 0.1),
        ["silent, 10 % loss"] = random => Case(random, PlainNetworks.Size(random), PlainNetworks.Silent, PathMtuVerdict.BlackHole, 0.1),
        ["field 0, 10 % loss"] = random => Case(random, PlainNetworks.Size(random), PlainNetworks.Lie(0), PathMtuVerdict.WrongSignal, 0.1),
        ["return path, 10 % loss"] = random => WithLoss(Return(random, ProbeProtocol.Tcp)),
        ["IPv6 signalled"] = random => V6(Case(random, random.Next(1280, 1500), PlainNetworks.Honest, PathMtuVerdict.Signalled)),
        ["IPv6 silent"] = random => V6(Case(random, random.Next(1280, 1500), PlainNetworks.Silent, PathMtuVerdict.BlackHole)),
        ["IPv6 field 1279"] = random => V6(Case(random, random.Next(1281, 1500), PlainNetworks.Lie(1279), PathMtuVerdict.WrongSignal)),
        ["IPv6 silent below 1280"] = random => V6(Case(random, random.Next(400, 1280), PlainNetworks.Silent, PathMtuVerdict.BlackHole)),
    };

    public static TheoryData<string> Cells => [.. _cells.Keys];

    [Theory]
    [MemberData(nameof(Cells))]
    public void Verdict_and_size_are_right(string cell)
    {
        var count = new MatrixCell("plain, " + cell, _cells[cell]).Run(Runs, Seed.Value);
        output.WriteLine(count.ToString());
        output.WriteLine(count.Failures);
        Assert.True(count.Share >= (cell.Contains("loss", StringComparison.Ordinal) ? 0.95 : 0.99), count + Environment.NewLine + count.Failures);
        Assert.True(count.ProvedWrong == 0, count + Environment.NewLine + count.Failures);
    }

    private static MatrixCase Case(Random random, int mtu, TooBigPolicy policy, PathMtuVerdict verdict, double loss = 0) =>
        new() { Topology = PlainNetworks.Line(random, mtu, policy, loss), Mtu = mtu, Verdict = verdict };

    private static MatrixCase V6(MatrixCase drawn) => drawn with
    {
        IsV6 = true,
        Also = run => run.Evidence.Mtu < 1280 == (run.Evidence.Reason == PathMtuReason.Below1280) ? null : $"reason {run.Evidence.Reason}",
    };

    private static MatrixCase Rough(MatrixCase drawn) => drawn with
    {
        Topology = drawn.Topology.WithLink(TopologyBuilder.Vantage, "r1", link => link with
        {
            Quality = link.Quality with { JitterNs = 20_000_000, Duplicate = 0.1, Reorder = 0.2, ReorderNs = 15_000_000 },
        }),
    };

    private static MatrixCase WithLoss(MatrixCase drawn) => drawn with { Topology = PlainNetworks.WithLoss(drawn.Topology, 0.1) };

    private static MatrixCase Echo(MatrixCase drawn, ProbeProtocol other) => drawn with
    {
        Protocol = ProbeProtocol.Icmp,
        Change = options => options with { CrossChecks = [new PathMtuQuestion(other, SimulatedSearch.FlowOf(50, other, false))] },
    };

    /// <summary>A link carries less on the way back, and the router before it says nothing.</summary>
    private static MatrixCase Return(Random random, ProbeProtocol other)
    {
        // A refusal quotes so much of a large datagram that it needs 576 octets itself.
        var mtu = PlainNetworks.Size(random, other == ProbeProtocol.Udp ? 576 : 400);
        var drawn = Echo(Case(random, 1500, PlainNetworks.Honest, PathMtuVerdict.ReturnPath), other);
        return drawn with
        {
            Topology = drawn.Topology
                .WithLink("r1", "r2", link => link with { Back = link.Quality with { Mtu = mtu } })
                .With("r2", node => node with { TooBig = PlainNetworks.Silent with { Fragments = false } }),
            Also = run => run.Evidence.ReturnMtu == mtu ? null : $"back {run.Evidence.ReturnMtu} and not {mtu}",
        };
    }

    /// <summary>Ports refuse as Linux does: six at once, then one a second.</summary>
    private static MatrixCase Throttled(MatrixCase drawn) => drawn with
    {
        Protocol = ProbeProtocol.Udp,
        Topology = drawn.Topology.With(TopologyBuilder.Target, node => node with { Errors = node.Errors with { RateLimits = [new RateLimit(1, 6, PerDestination: true)] } }),
    };

    /// <summary>A UDP service says the same whatever it is asked; its words come late, twice and out of order: none tells its size.</summary>
    private static MatrixCase FixedWords(Random random, TooBigPolicy policy)
    {
        var drawn = Rough(Case(random, PlainNetworks.Size(random), policy, PathMtuVerdict.Unstable));
        var service = new UdpService { Port = 1, LastPort = ushort.MaxValue, Behaviour = UdpBehaviour.Reply, Payload = "6e6f", DelayNs = random.NextInt64(0, 300_000_000) };
        return drawn with
        {
            Mtu = null,
            Protocol = ProbeProtocol.Udp,
            Topology = drawn.Topology.With(TopologyBuilder.Target, node => node with { Host = new HostSpec { Udp = [service] } }),
            Also = run => run.Evidence.Reason == PathMtuReason.AmbiguousAnswers ? null : $"reason {run.Evidence.Reason}",
        };
    }

    private static MatrixCase Deaf(MatrixCase drawn) => drawn with
    {
        Mtu = null,
        Topology = drawn.Topology.With(TopologyBuilder.Target, node => node with { Host = new HostSpec { OtherTcp = TcpBehaviour.Filtered } }),
        Also = run => run.Evidence.Reason == PathMtuReason.Silence ? null : $"reason {run.Evidence.Reason}",
    };

    /// <summary>One of several routers that share flows has a smaller link: every flow that goes there is a row, or every one that does not.</summary>
    private static MatrixCase Member(Random random, TooBigPolicy policy)
    {
        var mtu = PlainNetworks.Size(random);
        var topology = Topologies.SmallMember(random.Next(2, 6), mtu, seed: (ulong)random.NextInt64()).With("s", node => node with { TooBig = policy });
        var truth = new GroundTruth(topology);
        var mtus = Enumerable.Range(1, Flows).Select(id => truth.PathMtu(GroundTruth.Template(FlowKey.Of(
            TopologyBuilder.VantageV4, TopologyBuilder.TargetV4, ProbeProtocol.Tcp, SimulatedSearch.FlowOf(id, ProbeProtocol.Tcp, false))))).ToArray();
        return new MatrixCase
        {
            Topology = topology,
            Mtu = mtus[0],
            Verdict = mtus[0] == 1500 ? PathMtuVerdict.Clear : policy == PlainNetworks.Silent ? PathMtuVerdict.BlackHole : PathMtuVerdict.Signalled,
            Change = options => options with { OtherFlows = Flows - 1 },
            Also = run =>
            {
                var rows = run.All.Skip(1).Select(row => (row.Flow!.Id, row.Mtu!.Value)).Order();
                var wanted = mtus.Select((size, index) => (index + 1, size)).Where(row => row.size != mtus[0]);
                return rows.SequenceEqual(wanted) ? null : $"rows {string.Join(' ', rows)} and not {string.Join(' ', wanted)}";
            },
        };
    }
}
