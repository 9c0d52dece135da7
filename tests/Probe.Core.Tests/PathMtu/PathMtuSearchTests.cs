using Probe.Core.Evidence;
using Probe.Core.Packets;
using Probe.Core.PathMtu;
using Probe.Core.Probing;
using Probe.Core.Vocabulary;
using static Probe.Core.Tests.PathMtu.ScriptedPath;

namespace Probe.Core.Tests.PathMtu;

/// <summary>Answers that come at odd times, in odd numbers, or say odd things.</summary>
public sealed class PathMtuSearchTests
{
    private const int Limit = 1387;

    [Fact]
    public void A_slow_first_answer_does_not_slow_down_the_rest()
    {
        var first = true;
        var (evidence, _, _) = Run(new ScriptedPath((probe, answers) =>
        {
            if (probe.Size <= Limit)
            {
                answers.Add(((first ? 900 : 20) * Millisecond, Answer(probe)));
                first = false;
            }
        }));
        Assert.Equal((Limit, PathMtuVerdict.BlackHole, Confidence.Proved), (evidence.Mtu, evidence.Verdict, evidence.Confidence));
        Assert.InRange(evidence.ExactNs!.Value, 0, (900 + 300 + (10 * 20)) * Millisecond);
    }

    [Fact]
    public void Every_answer_twice_counts_once()
    {
        var (evidence, search, path) = Run(new ScriptedPath((probe, answers) =>
        {
            if (probe.Size <= Limit)
            {
                answers.Add((20 * Millisecond, Answer(probe)));
                answers.Add((21 * Millisecond, Answer(probe)));
            }
        }));
        Assert.Equal(Limit, evidence.Mtu);
        Assert.Equal(path.Sent.Count(sent => sent.Probe.Size <= Limit), search.ProbesAnswered);
        Assert.Equal(path.Sent.Count, evidence.Sent);
        Assert.All(evidence.Sizes, size => Assert.True(size.Answered <= size.Sent));
    }

    [Theory]
    [InlineData(5)]
    [InlineData(30)]
    [InlineData(60)]
    public void Answers_after_their_round_still_count(int percentLate)
    {
        for (var seed = 0; seed < 100; seed++)
        {
            var random = new Random(SimulatedSearch.SeedOf(Seed.Value, seed));
            var (evidence, _, _) = Run(new ScriptedPath((probe, answers) =>
            {
                if (probe.Size <= Limit)
                {
                    answers.Add(((random.Next(100) < percentLate ? 200 : 20) * Millisecond, Answer(probe)));
                }
            }));
            Assert.True(evidence.Mtu == Limit, $"seed {seed}: {evidence.Verdict} {evidence.Mtu} {evidence.Confidence}");
        }
    }

    [Fact]
    public void Answers_in_any_order_are_no_losses()
    {
        for (var seed = 0; seed < 100; seed++)
        {
            var random = new Random(SimulatedSearch.SeedOf(Seed.Value, seed));
            var (evidence, _, _) = Run(new ScriptedPath((probe, answers) =>
            {
                if (probe.Size <= Limit)
                {
                    answers.Add((random.NextInt64(5 * Millisecond, 50 * Millisecond), Answer(probe)));
                }
            }));
            Assert.True(evidence.Mtu == Limit, $"seed {seed}: {evidence.Verdict} {evidence.Mtu}");
            Assert.Equal(Confidence.Proved, evidence.Confidence);
        }
    }

    [Fact]
    public void A_router_that_names_another_size_each_time_is_never_believed()
    {
        for (var seed = 0; seed < 200; seed++)
        {
            var random = new Random(SimulatedSearch.SeedOf(Seed.Value, seed));
            var (evidence, _, _) = Run(new ScriptedPath((probe, answers) =>
                answers.Add(probe.Size <= Limit ? (20 * Millisecond, Answer(probe)) : (10 * Millisecond, TooBig(probe, random.Next(0, 2000))))));
            Assert.True(evidence.Mtu == Limit, $"seed {seed}: {evidence.Verdict} {evidence.Mtu}");
            Assert.Equal(evidence.Signals.Any(signal => signal.Mtu == Limit) ? PathMtuVerdict.Signalled : PathMtuVerdict.WrongSignal, evidence.Verdict);
        }
    }

    [Fact]
    public void Of_several_signals_the_one_that_decides_is_marked()
    {
        var (truth, _, _) = Run(new ScriptedPath((probe, answers) =>
            answers.Add(probe.Size <= Limit ? (20 * Millisecond, Answer(probe)) : (10 * Millisecond, TooBig(probe, probe.Size > 1450 ? 1450 : Limit)))));
        Assert.Equal([(1450, false), (Limit, true)], truth.Signals.Select(signal => (signal.Mtu, signal.Decisive)));
        var (wrong, _, _) = Run(new ScriptedPath((probe, answers) =>
            answers.Add(probe.Size <= Limit ? (20 * Millisecond, Answer(probe)) : (10 * Millisecond, TooBig(probe, probe.Size > 1450 ? 1450 : 0)))));
        Assert.Equal([(1450, false), (0, true)], wrong.Signals.Select(signal => (signal.Mtu, signal.Decisive)));
        var (clear, _, _) = Run(new ScriptedPath((probe, answers) =>
        {
            answers.Add((10 * Millisecond, TooBig(probe, 1000)));
            answers.Add((20 * Millisecond, Answer(probe)));
        }));
        Assert.All(clear.Signals, signal => Assert.False(signal.Decisive));
    }

    /// <summary>An empty field, or one smaller than the tunnel's own headers, leaves no size for the packet inside.</summary>
    [Theory]
    [InlineData(0, null)]
    [InlineData(30, null)]
    [InlineData(1400, 1368)]
    public void What_a_tunnel_leaves_inside_is_never_less_than_nothing(int told, int? inner)
    {
        var via = new EncapsulationStack([new GueEncapsulation { Remote = Target, Port = GueEncapsulation.DefaultPort }]);
        var (evidence, _, _) = Run(
            new ScriptedPath((probe, answers) => answers.Add(probe.Size <= 1368
                ? (20 * Millisecond, Answer(probe)) : (10 * Millisecond, TooBig(probe, told) with { Layer = 1 }))),
            options => options with { Via = via });
        Assert.All(evidence.Signals, signal => Assert.Equal((told, inner), (signal.Mtu, signal.InnerMtu)));
    }

    [Fact]
    public void Who_complains_and_passes_the_packet_on_all_the_same_does_not_make_the_path_smaller()
    {
        var (evidence, _, _) = Run(new ScriptedPath((probe, answers) =>
        {
            if (probe.Size > 1000)
            {
                answers.Add((10 * Millisecond, TooBig(probe, 1000)));
            }

            answers.Add((20 * Millisecond, Answer(probe)));
        }));
        Assert.Equal((1500, PathMtuVerdict.Clear), (evidence.Mtu, evidence.Verdict));
        Assert.True(Assert.Single(evidence.Signals).Implausible);
    }

    /// <summary>Its answers are lost by chance now and then, its complaints are not true: no such chance is a proof.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(10)]
    public void Who_complains_without_reason_proves_nothing_however_many_answers_are_lost(int percentLost)
    {
        for (var seed = 0; seed < 300; seed++)
        {
            var random = new Random(SimulatedSearch.SeedOf(Seed.Value, seed));
            bool Survives() => random.Next(100) >= percentLost;
            var (evidence, _, _) = Run(new ScriptedPath((probe, answers) =>
            {
                if (!Survives())
                {
                    return;
                }

                if (probe.Size > 1000 && Survives())
                {
                    answers.Add((10 * Millisecond, TooBig(probe, 1000)));
                }

                if (Survives())
                {
                    answers.Add((20 * Millisecond, Answer(probe)));
                }
            }));
            Assert.True(evidence.Mtu is null or 1500 || evidence.Confidence != Confidence.Proved, $"seed {seed}: {evidence.Verdict} {evidence.Mtu} {evidence.Confidence} sent {evidence.Sent}");
        }
    }

    /// <summary>Two complaints whose numbers cannot be true are no more than two losses.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(9000)]
    public void Complaints_that_cannot_be_true_prove_no_sooner_than_losses_do(int told)
    {
        var (evidence, search, _) = Run(new ScriptedPath((probe, answers) =>
            answers.Add(probe.Size <= Limit ? (20 * Millisecond, Answer(probe)) : (10 * Millisecond, TooBig(probe, told)))));
        Assert.Equal((Limit, PathMtuVerdict.WrongSignal, Confidence.Proved), (evidence.Mtu, evidence.Verdict, evidence.Confidence));
        var fitting = evidence.Sizes.Where(size => size.Size <= Limit).Sum(size => size.Sent);
        var copies = evidence.Sizes.Single(size => size.Size == Limit + 1).Sent;
        Assert.True(Math.Pow(1 - Math.Pow(0.05, 1d / fitting), copies) <= 1e-6, $"{copies} copies beside {fitting} that fit, {search.ProbesSent} in all");
    }

    [Fact]
    public void A_device_smaller_than_the_route_says_is_this_hosts_own_limit()
    {
        var (evidence, search, path) = Run(new ScriptedPath(
            (probe, answers) => answers.Add((20 * Millisecond, Answer(probe))), probe => probe.Size > Limit ? SendStatus.TooBig : SendStatus.Sent));
        Assert.Equal((Limit, PathMtuVerdict.Signalled, Confidence.Proved), (evidence.Mtu, evidence.Verdict, evidence.Confidence));
        Assert.Equal((PathMtuRole.ThisHost, Limit), (Assert.Single(evidence.Signals).Role, evidence.Signals[0].Mtu));
        Assert.Equal(path.Sent.Count, search.ProbesSent);
    }

    /// <summary>Linux learns from packet-too-big about echo requests and refuses the next ones itself.</summary>
    [Fact]
    public void What_this_host_believed_of_a_router_is_no_second_word()
    {
        var told = 0;
        var (evidence, _, _) = Run(new ScriptedPath(
            (probe, answers) =>
            {
                told += probe.Size > Limit ? 1 : 0;
                answers.Add(probe.Size <= Limit ? (20 * Millisecond, Answer(probe)) : (10 * Millisecond, TooBig(probe, Limit)));
            },
            probe => probe.Size > Limit && told >= 2 ? SendStatus.TooBig : SendStatus.Sent));
        Assert.Equal((Limit, PathMtuVerdict.Signalled, Confidence.Likely), (evidence.Mtu, evidence.Verdict, evidence.Confidence));
        Assert.Equal(PathMtuRole.Router, Assert.Single(evidence.Signals).Role);
    }

    [Fact]
    public void A_full_queue_of_this_host_is_waited_for()
    {
        var random = new Random(Seed.Value);
        var (evidence, search, path) = Run(new ScriptedPath(
            (probe, answers) =>
            {
                if (probe.Size <= Limit)
                {
                    answers.Add((20 * Millisecond, Answer(probe)));
                }
            },
            _ => random.Next(2) == 0 ? SendStatus.Busy : SendStatus.Sent));
        Assert.Equal((Limit, Confidence.Proved), (evidence.Mtu, evidence.Confidence));
        Assert.Equal(path.Sent.Count, search.ProbesSent);
    }

    [Fact]
    public void No_route_ends_it_at_once()
    {
        var (evidence, search, _) = Run(new ScriptedPath((_, _) => { }, _ => SendStatus.NoRoute));
        Assert.Equal((SendStatus.NoRoute, 0), (search.SendError, search.ProbesSent));
        Assert.Equal((PathMtuVerdict.NotAnswering, null), (evidence.Verdict, evidence.Mtu));
    }

    [Fact]
    public void A_rule_of_this_host_that_drops_large_packets_is_its_own_limit()
    {
        var (evidence, search, path) = Run(new ScriptedPath(
            (probe, answers) => answers.Add((20 * Millisecond, Answer(probe))), probe => probe.Size > Limit ? SendStatus.LocalRule : SendStatus.Sent));
        Assert.Equal((Limit, PathMtuVerdict.Signalled, (PathMtuReason?)PathMtuReason.LocalRule), (evidence.Mtu, evidence.Verdict, evidence.Reason));
        Assert.Equal((PathMtuRole.ThisHost, Limit), (Assert.Single(evidence.Signals).Role, evidence.Signals[0].Mtu));
        Assert.Equal(path.Sent.Count, search.ProbesSent);
        Assert.All(evidence.Sizes, size => Assert.InRange(size.Size, 1, Limit));
    }

    [Theory]
    [InlineData(SendStatus.LocalRule, 2)]
    [InlineData(SendStatus.NoRoute, 2)]
    [InlineData(SendStatus.NoRoute, 9)]
    public void What_this_host_stops_to_send_in_between_ends_the_search(SendStatus status, int sentBefore)
    {
        var sent = 0;
        var (evidence, search, path) = Run(new ScriptedPath(
            (probe, answers) =>
            {
                if (probe.Size <= Limit)
                {
                    answers.Add((20 * Millisecond, Answer(probe)));
                }
            },
            _ => sent++ < sentBefore ? SendStatus.Sent : status));
        Assert.Equal((PathMtuVerdict.Unstable, null, (PathMtuReason?)PathMtuReason.CannotSend), (evidence.Verdict, evidence.Mtu, evidence.Reason));
        Assert.Equal(sentBefore, path.Sent.Count);
        Assert.Equal(sentBefore, search.ProbesSent);
    }

    [Fact]
    public void Chance_refusals_of_this_host_are_not_a_smaller_path()
    {
        for (var seed = 0; seed < 100; seed++)
        {
            var random = new Random(SimulatedSearch.SeedOf(Seed.Value, seed));
            var (evidence, _, _) = Run(new ScriptedPath(
                (probe, answers) =>
                {
                    if (probe.Size <= Limit)
                    {
                        answers.Add((20 * Millisecond, Answer(probe)));
                    }
                },
                _ => random.Next(10) == 0 ? SendStatus.LocalRule : SendStatus.Sent));
            Assert.True(evidence.Mtu is null or Limit || evidence.Confidence != Confidence.Proved, $"seed {seed}: {evidence.Verdict} {evidence.Mtu}");
        }
    }

    [Theory]
    [InlineData(200, 0, 6, 0)]
    [InlineData(200, 2, 4, 2)]
    [InlineData(2, 0, 0, 0)]
    public void Flows_that_were_not_compared_are_counted(int maxProbes, int silent, int compared, int counted)
    {
        var (_, search, _) = Run(
            new ScriptedPath((probe, answers) =>
            {
                if (probe.Flow.Id == 1 || probe.Flow.Id > 1 + silent)
                {
                    answers.Add((20 * Millisecond, Answer(probe)));
                }
            }),
            options => options with { OtherFlows = 6, MaxProbes = maxProbes, TimeoutNs = 100 * Millisecond });
        Assert.Equal((6, compared, counted), (search.FlowsWanted, search.FlowsCompared, search.FlowsSilent));
    }

    /// <summary>A closed port on the wide branch of a balanced group, a served one on the narrow branch: the served one counts, and the flows are its own.</summary>
    [Fact]
    public void Flows_are_compared_by_the_port_that_found_the_size()
    {
        int[] narrow = [1, 4];
        var (_, search, path) = Run(
            new ScriptedPath((probe, answers) =>
            {
                var isServed = probe.Flow.DestinationPort == 443;
                if (probe.Size <= (isServed && narrow.Contains(probe.Flow.Id) ? Limit : 1500))
                {
                    answers.Add((20 * Millisecond, Answer(probe) with { Kind = isServed ? ReplyKind.SynAck : ReplyKind.Reset }));
                }
            }),
            options => options with
            {
                OtherFlows = 6, TimeoutNs = 100 * Millisecond,
                CrossChecks = [new PathMtuQuestion(ProbeProtocol.Tcp, SimulatedSearch.FlowOf(1, ProbeProtocol.Tcp, false) with { DestinationPort = 443 })],
            });
        Assert.Equal((6, 6, 0), (search.FlowsWanted, search.FlowsCompared, search.FlowsSilent));
        var paths = new PathMtuEvidenceBuilder(search).Build("t");
        Assert.Equal(Limit, paths[0].Mtu);
        Assert.Equal([2, 3, 5, 6, 7], paths.Skip(1).Select(other => other.Flow!.Id));
        Assert.All(paths.Skip(1), other => Assert.Equal(1500, other.Mtu));
        Assert.DoesNotContain(path.Sent, sent => sent.Probe.Flow.Id > 1 && sent.Probe.Flow.DestinationPort == 80);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(20)]
    public void The_ceilings_hold_and_what_they_cut_short_is_not_called_found(int percentAnswered)
    {
        var random = new Random(Seed.Value);
        var (evidence, search, path) = Run(
            new ScriptedPath((probe, answers) =>
            {
                if (probe.Size <= Limit && random.Next(100) < percentAnswered)
                {
                    answers.Add((20 * Millisecond, Answer(probe)));
                }
            }),
            options => options with { MaxProbes = 40, MaxPerSecond = 10 });
        Assert.InRange(path.Sent.Count, 1, 40);
        Assert.True(path.Sent.Select(sent => path.Sent.Count(other => other.AtNs > sent.AtNs - 1000 * Millisecond && other.AtNs <= sent.AtNs)).Max() <= 10);
        Assert.True(evidence.Verdict is PathMtuVerdict.Unstable or PathMtuVerdict.NotAnswering, evidence.Verdict.ToString());
        Assert.Null(evidence.Mtu);
    }

    [Fact]
    public void Heavy_loss_never_makes_a_wrong_size_proved()
    {
        for (var seed = 0; seed < 200; seed++)
        {
            var random = new Random(SimulatedSearch.SeedOf(Seed.Value, seed));
            var loss = random.Next(30, 90);
            var (evidence, _, _) = Run(new ScriptedPath((probe, answers) =>
            {
                if (probe.Size <= Limit && random.Next(100) >= loss)
                {
                    answers.Add((20 * Millisecond, Answer(probe)));
                }
            }));
            Assert.True(evidence.Mtu is null or Limit || evidence.Confidence != Confidence.Proved, $"seed {seed} loss {loss}: {evidence.Verdict} {evidence.Mtu}");
        }
    }

    [Theory]
    [InlineData(1399 + 12, "GUE")]
    [InlineData(1399 + 8, "FOU")]
    [InlineData(1399 + 4, "GRE")]
    [InlineData(1399 + 20, "IPIP")]
    [InlineData(1399 + 32, "GUE")]
    [InlineData(1399 + 40, "a tunnel over IPv6")]
    [InlineData(1399 + 44, "GRE over IPv6")]
    [InlineData(1399 + 48, "FOU or GUE variant 1 over IPv6")]
    [InlineData(1399 + 52, "GUE over IPv6")]
    [InlineData(1399 + 70, "VXLAN or Geneve over IPv6")]
    [InlineData(1399 - 100, "less")]
    public void The_arithmetic_names_what_was_forgotten(int claimed, string word)
    {
        var (evidence, _, _) = Run(new ScriptedPath((probe, answers) =>
            answers.Add(probe.Size <= 1399 ? (20 * Millisecond, Answer(probe)) : (10 * Millisecond, TooBig(probe, claimed)))));
        Assert.Equal((1399, PathMtuVerdict.WrongSignal), (evidence.Mtu, evidence.Verdict));
        Assert.Equal((claimed, 1399, claimed - 1399), (evidence.Arithmetic!.Claimed, evidence.Arithmetic.Found, evidence.Arithmetic.Difference));
        Assert.Contains(word, evidence.Arithmetic.Meaning, StringComparison.Ordinal);
    }

    [Fact]
    public void A_signal_names_the_router_and_its_hop_in_six_packets()
    {
        var (evidence, _, path) = Run(new ScriptedPath((probe, answers) =>
            answers.Add(probe.Size <= Limit ? (20 * Millisecond, Answer(probe)) : (10 * Millisecond, TooBig(probe, Limit)))));
        Assert.Equal((Limit, PathMtuVerdict.Signalled, Confidence.Proved), (evidence.Mtu, evidence.Verdict, evidence.Confidence));
        Assert.Equal((PathMtuRole.Router, Router.ToString(), 3), (evidence.Signals[0].Role, evidence.HopAddress, evidence.Hop));
        Assert.Equal(6, path.Sent.Count);
    }

    /// <summary>Of SYNs of one flow that arrive together a host answers the first and is mute about the others until our reset has come.</summary>
    [Theory]
    [InlineData(0, 100)]
    [InlineData(2, 99)]
    [InlineData(10, 95)]
    public void A_half_open_connection_that_mutes_the_rest_of_a_burst_hides_nothing(int percentLost, int percentRight)
    {
        var wrong = new List<string>();
        for (var seed = 0; seed < 100; seed++)
        {
            var random = new Random(SimulatedSearch.SeedOf(Seed.Value, seed));
            var server = new HalfOpenServer(random, percentLost);
            var (evidence, _, _) = Run(server.Path);
            Assert.True(evidence.Mtu is null or Limit || evidence.Confidence != Confidence.Proved, $"seed {seed} proved {evidence.Mtu}");
            if (evidence.Mtu != Limit)
            {
                wrong.Add($"seed {seed}: {evidence.Verdict} {evidence.Mtu} {evidence.Confidence} {evidence.Reason} sent {evidence.Sent} loss {evidence.Loss}");
            }
        }

        Assert.True(wrong.Count <= 100 - percentRight, string.Join(Environment.NewLine, wrong));
    }

    /// <summary>One connection of a Linux host 10 ms away, as tcp_check_req has it.</summary>
    private sealed class HalfOpenServer
    {
        private const long RoundTripNs = 20 * Millisecond;
        private readonly Random _random;
        private readonly int _percentLost;
        private long _openUntilNs = long.MinValue;
        private long _challengedNs = long.MinValue / 2;

        public HalfOpenServer(Random random, int percentLost)
        {
            (_random, _percentLost) = (random, percentLost);
            Path = new ScriptedPath(Take);
        }

        public ScriptedPath Path { get; }

        private bool Survives => _random.Next(100) >= _percentLost;

        private void Take(ProbePacket probe, List<(long DelayNs, Reply Reply)> answers)
        {
            var atNs = Path.NowNs + (RoundTripNs / 2);
            if (probe.Size > Limit || !Survives)
            {
                return;
            }

            if (atNs < _openUntilNs)
            {
                // Another sequence number: an acknowledgment, twice a second at most, that our kernel resets.
                if (atNs - _challengedNs >= 500 * Millisecond)
                {
                    _challengedNs = atNs;
                    _openUntilNs = Survives && Survives ? Math.Min(_openUntilNs, atNs + RoundTripNs) : _openUntilNs;
                }

                return;
            }

            // A new connection, with a limit of its own. The SYN-ACK is sent again after a second.
            _challengedNs = long.MinValue / 2;
            _openUntilNs = atNs + (1000 * Millisecond);
            if (Survives)
            {
                answers.Add((RoundTripNs, Answer(probe)));
                _openUntilNs = Survives ? atNs + RoundTripNs : _openUntilNs;
            }
        }
    }

    private static (PathMtuEvidence Evidence, PathMtuSearch Search, ScriptedPath Path) Run(ScriptedPath path, Func<PathMtuOptions, PathMtuOptions>? change = null)
    {
        var options = new PathMtuOptions
        {
            Target = Target,
            Source = Source,
            Protocol = ProbeProtocol.Tcp,
            FlowAt = index => SimulatedSearch.FlowOf(index + 1, ProbeProtocol.Tcp, false),
            FirstHopMtu = 1500,
            Locate = false,
        };
        var search = new PathMtuSearch(change?.Invoke(options) ?? options, new ProbeNumbers());
        Assert.Equal(SweepEnd.Done, SweepLoop.Run(search, path, 600_000 * Millisecond, default));
        return (new PathMtuEvidenceBuilder(search).Build("t")[0], search, path);
    }
}
