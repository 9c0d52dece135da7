using Probe.Core.Evidence;
using Probe.Core.PathMtu;
using Probe.Core.Vocabulary;
using Probe.Lab.Simulation;
using Xunit.Abstractions;

namespace Probe.Core.Tests.PathMtu;

/// <summary>The acceptance matrix from outside: a client asks a virtual address whose director tunnels to a real server.</summary>
[Collection(Lanes.Simulated)]
public sealed class DirectorMatrixTests(ITestOutputHelper output)
{
    private const int Runs = 300;

    private static readonly Dictionary<string, Func<Random, string, MatrixCase>> _cells = new(StringComparer.Ordinal)
    {
        ["clear"] = (random, kind) => Case(TunnelNetworks.Plan(random, kind), 1500, PathMtuVerdict.Clear),
        ["return path"] = (random, kind) => Case(
            TunnelNetworks.Plan(random, kind) with { ReturnMtu = PlainNetworks.Size(random), ReturnIsSilent = true }, 1500, PathMtuVerdict.Clear),
        ["signalled by the entry"] = (random, kind) => Entry(random, kind, new DirectorSpec(), PathMtuVerdict.Signalled),
        ["signalled through the entry"] = (random, kind) => Path(random, kind, new DirectorSpec(), PathMtuVerdict.Signalled),
        ["silent entry"] = (random, kind) => Entry(random, kind, new DirectorSpec { SaysTooBig = false }, PathMtuVerdict.BlackHole),
        ["silent path"] = (random, kind) => Path(random, kind, DirectorSpec.Stateless, PathMtuVerdict.BlackHole),
        ["field 0"] = (random, kind) => Entry(random, kind, new DirectorSpec { ToldMtu = 0 }, PathMtuVerdict.WrongSignal),
        ["field 68"] = (random, kind) => Entry(random, kind, new DirectorSpec { ToldMtu = 68 }, PathMtuVerdict.WrongSignal),
        ["field 9000"] = (random, kind) => Entry(random, kind, new DirectorSpec { ToldMtu = 9000 }, PathMtuVerdict.WrongSignal),
        ["relay -20"] = (random, kind) => Relay(random, kind, DirectorRelay.OuterHeaderOnly),
        ["relay subtracts nothing"] = (random, kind) => Relay(random, kind, DirectorRelay.NothingSubtracted),
        ["relay missing"] = (random, kind) => Path(random, kind, new DirectorSpec { Relay = DirectorRelay.Missing, LearnsOuterMtu = false }, PathMtuVerdict.BlackHole),
        ["decapsulation missing"] = (random, kind) =>
        {
            var reason = kind is "ipip" or "gre" ? PathMtuReason.ProtocolUnreachable : PathMtuReason.PortUnreachable;
            var drawn = Case(TunnelNetworks.Plan(random, kind), null, PathMtuVerdict.NotAnswering, run => run.Evidence.Reason == reason ? null : "another reason");
            return drawn with { Topology = TunnelNetworks.WithoutEnd(drawn.Topology) };
        },
        ["signalled, 10 % loss"] = (random, kind) => Lossy(Path(random, kind, new DirectorSpec(), PathMtuVerdict.Signalled)),
        ["silent, 10 % loss"] = (random, kind) => Lossy(Path(random, kind, DirectorSpec.Stateless, PathMtuVerdict.BlackHole)),
    };

    public static TheoryData<string> Cells => [.. _cells.Keys];

    [Theory]
    [MemberData(nameof(Cells))]
    public void Verdict_and_size_are_right(string cell)
    {
        foreach (var kind in TunnelNetworks.Kinds)
        {
            var count = new MatrixCell($"{kind}, {cell}", random => _cells[cell](random, kind)).Run(Runs, Seed.Value);
            output.WriteLine(count.ToString());
            Assert.True(count.Share >= (cell.Contains("loss", StringComparison.Ordinal) ? 0.95 : 0.99), count + Environment.NewLine + count.Failures);
            Assert.True(count.ProvedWrong == 0, count + Environment.NewLine + count.Failures);
        }
    }

    /// <summary>Echo requests and stray segments measure the director: no run says that the path is clear.</summary>
    [Theory]
    [InlineData(ProbeProtocol.Icmp, TcpSegmentKind.Syn, 80)]
    [InlineData(ProbeProtocol.Tcp, TcpSegmentKind.Ack, 80)]
    [InlineData(ProbeProtocol.Tcp, TcpSegmentKind.Syn, 79)]
    public void What_the_director_answers_itself_is_never_clear(ProbeProtocol protocol, TcpSegmentKind segment, ushort port)
    {
        foreach (var kind in TunnelNetworks.Kinds)
        {
            for (var i = 0; i < Runs; i++)
            {
                var random = new Random(SimulatedSearch.SeedOf(Seed.Value, i));
                var plan = TunnelNetworks.Plan(random, kind) with { Balancing = new DirectorSpec { FirstPort = 80, LastPort = 80, SaysTooBig = random.Next(2) == 0 } };
                plan = plan with { OuterMtu = TunnelNetworks.OuterMtu(random, plan) };
                var run = SimulatedSearch.Run(plan.FromClient(), protocol, change: options => options with
                {
                    AskedFromOutside = true,
                    Segment = segment,
                    FlowAt = index => SimulatedSearch.FlowOf(index + 1, protocol, false) with { DestinationPort = port },
                }, keySeed: i);
                Assert.NotEqual(PathMtuVerdict.Clear, run.Evidence.Verdict);
                Assert.NotEqual(Confidence.Proved, run.Evidence.Mtu is null ? Confidence.Hint : run.Evidence.Confidence);
            }
        }
    }

    /// <summary>Nobody said that a load balancer stands there: what it answers itself proves nothing, and the result says so.</summary>
    [Theory]
    [InlineData(ProbeProtocol.Icmp, TcpSegmentKind.Syn, 79)]
    [InlineData(ProbeProtocol.Tcp, TcpSegmentKind.Ack, 79)]
    [InlineData(ProbeProtocol.Tcp, TcpSegmentKind.Syn, 79)]
    [InlineData(ProbeProtocol.Udp, TcpSegmentKind.Syn, 79)]
    public void What_may_be_a_directors_own_answer_is_called_unproved(ProbeProtocol protocol, TcpSegmentKind segment, ushort port)
    {
        foreach (var kind in TunnelNetworks.Kinds)
        {
            for (var i = 0; i < Runs; i++)
            {
                var evidence = AskUnserved(kind, i, protocol, segment, port, [79]);
                Assert.Equal((Confidence.Hint, (PathMtuReason?)PathMtuReason.NoProof), (evidence.Confidence, evidence.Reason));
                Assert.NotEqual(PathMtuProof.SynPayload, evidence.ProvedBy);
            }
        }
    }

    /// <summary>One of the ports tried is served: its answers come through the tunnel.</summary>
    [Theory]
    [InlineData(ProbeProtocol.Icmp, TcpSegmentKind.Syn, 79)]
    [InlineData(ProbeProtocol.Tcp, TcpSegmentKind.Ack, 79)]
    [InlineData(ProbeProtocol.Tcp, TcpSegmentKind.Syn, 79)]
    [InlineData(ProbeProtocol.Udp, TcpSegmentKind.Syn, 79)]
    public void A_served_port_beside_refused_ones_shows_the_tunnel(ProbeProtocol protocol, TcpSegmentKind segment, ushort port)
    {
        foreach (var kind in TunnelNetworks.Kinds)
        {
            for (var i = 0; i < Runs; i++)
            {
                var evidence = AskUnserved(kind, i, protocol, segment, port, [79, 443, 80]);
                Assert.True(evidence.Verdict is PathMtuVerdict.Signalled or PathMtuVerdict.BlackHole, $"{kind} run {i}: {evidence.Verdict} {evidence.Mtu}");
                Assert.Equal(PathMtuProof.SynPayload, evidence.ProvedBy);
            }
        }
    }

    private static PathMtuEvidence AskUnserved(string kind, int run, ProbeProtocol protocol, TcpSegmentKind segment, ushort port, ushort[] others)
    {
        var random = new Random(SimulatedSearch.SeedOf(Seed.Value, run));
        var plan = TunnelNetworks.Plan(random, kind) with { Balancing = new DirectorSpec { FirstPort = 80, LastPort = 80, SaysTooBig = random.Next(2) == 0 } };
        plan = plan with { OuterMtu = TunnelNetworks.OuterMtu(random, plan) };
        var flow = SimulatedSearch.FlowOf(50, ProbeProtocol.Tcp, false);
        return SimulatedSearch.Run(plan.FromClient(), protocol, change: options => options with
        {
            Segment = segment,
            FlowAt = index => SimulatedSearch.FlowOf(index + 1, protocol, false) with { DestinationPort = port },
            CrossChecks = [.. others.Select(other => new PathMtuQuestion(ProbeProtocol.Tcp, flow with { DestinationPort = other }))],
        }, keySeed: run).Evidence;
    }

    /// <summary>A SYN beside the echo requests finds what they do not see.</summary>
    [Theory]
    [InlineData(false, true)]
    [InlineData(true, true)]
    [InlineData(false, false)]
    public void A_syn_corrects_what_the_director_says_itself(bool isKnownToBeOutside, bool echoes)
    {
        var flow = SimulatedSearch.FlowOf(50, ProbeProtocol.Tcp, false);
        foreach (var kind in TunnelNetworks.Kinds)
        {
            var count = new MatrixCell($"{kind}, echo corrected by SYN", random =>
            {
                var drawn = Path(random, kind, new DirectorSpec(), PathMtuVerdict.Signalled);
                return drawn with
                {
                    Topology = drawn.Topology.With(TunnelPlan.Director, node => node with { Host = new HostSpec { Echo = echoes } }),
                    Protocol = ProbeProtocol.Icmp,
                    Change = options => options with
                    {
                        AskedFromOutside = isKnownToBeOutside,
                        CrossChecks = [new PathMtuQuestion(ProbeProtocol.Tcp, flow, TcpSegmentKind.Ack), new PathMtuQuestion(ProbeProtocol.Tcp, flow)],
                    },
                    Also = run => run.Evidence.ProvedBy == PathMtuProof.SynPayload ? null : "not proved by a SYN",
                };
            }).Run(Runs, Seed.Value);
            output.WriteLine(count.ToString());
            Assert.True(count.Share >= 0.99 && count.ProvedWrong == 0, count + Environment.NewLine + count.Failures);
        }
    }

    private static MatrixCase Case(TunnelPlan plan, int? mtu, PathMtuVerdict verdict, Func<SimulatedSearch, string?>? also = null) => new()
    {
        Topology = plan.FromClient(),
        Mtu = mtu,
        Verdict = verdict,
        Change = options => options with { AskedFromOutside = true },
        Also = also ?? (_ => null),
    };

    /// <summary>The director's own link is too small.</summary>
    private static MatrixCase Entry(Random random, string kind, DirectorSpec director, PathMtuVerdict verdict)
    {
        var plan = TunnelNetworks.Plan(random, kind) with { Balancing = director };
        plan = plan with { EntryMtu = TunnelNetworks.OuterMtu(random, plan) };
        return Case(plan, plan.EntryMtu - plan.Overhead, verdict, run =>
            run.Evidence.Signals.Any(signal => signal.Role != PathMtuRole.TunnelEntry) ? "not said by the tunnel's entry" : null);
    }

    /// <summary>A link behind the director is too small; the director's own takes full packets less the overhead.</summary>
    private static MatrixCase Path(Random random, string kind, DirectorSpec director, PathMtuVerdict verdict)
    {
        var plan = TunnelNetworks.Plan(random, kind) with { Balancing = director, EntryMtu = 1500 };
        plan = plan with { OuterMtu = Math.Min(1499, TunnelNetworks.OuterMtu(random, plan)) };
        return Case(plan, plan.OuterMtu - plan.Overhead, verdict);
    }

    private static MatrixCase Relay(Random random, string kind, DirectorRelay relay)
    {
        // What lies between the truth and the wrong number must fit what the entry lets through.
        var plan = TunnelNetworks.Plan(random, kind) with
        {
            Balancing = new DirectorSpec { Relay = relay, LearnsOuterMtu = false },
            OuterMtu = random.Next(600, 1480),
        };
        var forgotten = plan.Overhead - (relay == DirectorRelay.OuterHeaderOnly ? 20 : 0);
        return Case(plan, plan.OuterMtu - plan.Overhead, forgotten == 0 ? PathMtuVerdict.Signalled : PathMtuVerdict.WrongSignal, run =>
            forgotten == 0 || (run.Evidence.Arithmetic is { Meaning: not null } arithmetic && arithmetic.Difference == forgotten) ? null : $"difference {run.Evidence.Arithmetic?.Difference}");
    }

    private static MatrixCase Lossy(MatrixCase drawn) => drawn with
    {
        Topology = drawn.Topology.WithLink(TopologyBuilder.Vantage, "r1", link => link with
        {
            Quality = link.Quality with { Loss = 0.1 },
            Back = (link.Back ?? link.Quality) with { Loss = 0.1 },
        }),
    };
}
