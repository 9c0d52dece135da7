using Probe.Core.Evidence;
using Probe.Core.Vocabulary;
using Probe.Lab.Simulation;

namespace Probe.Core.Tests.Tracing;

/// <summary>One hop of a line says something else than time-exceeded; every cell must show it as it is, and all hops behind it.</summary>
public class BadHopTests
{
    private const int Routers = 7;
    private const int BadTtl = 3;
    private const int LargeProbe = 1400;

    private static readonly QuoteSpec[] Quotes =
    [
        new() { Length = QuoteLength.HeaderAndEight },
        new() { Length = QuoteLength.First128 },
        new() { Length = QuoteLength.Full },
        new() { Length = QuoteLength.HeaderAndEight, Options = "94040000" },
    ];

    public static TheoryData<ProbeProtocol> Protocols => [ProbeProtocol.Icmp, ProbeProtocol.Udp, ProbeProtocol.Tcp];

    [Theory]
    [MemberData(nameof(Protocols))]
    public void Every_unreachable_code_is_shown_and_passed(ProbeProtocol protocol)
    {
        for (byte code = 0; code <= 15; code++)
        {
            if (code != 4)
            {
                Check(protocol, isV6: false, AnswerRule.Icmp(3, code), 3, code, null, implausible: null, size: 60);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Protocols))]
    public void Frag_needed_is_shown_with_its_mtu_whether_that_can_be_or_not(ProbeProtocol protocol)
    {
        Check(protocol, isV6: false, AnswerRule.TooBig(0, Lab.Simulation.Protocols.All), 3, 4, 0, implausible: true, size: 60);
        Check(protocol, isV6: false, AnswerRule.TooBig(9000, Lab.Simulation.Protocols.All), 3, 4, 9000, implausible: true, size: 60);
        Check(protocol, isV6: false, AnswerRule.TooBig(1300, Lab.Simulation.Protocols.All), 3, 4, 1300, implausible: false, size: LargeProbe);
        Check(protocol, isV6: true, AnswerRule.TooBig(0, Lab.Simulation.Protocols.All), 2, 0, 0, implausible: true, size: 80);
        Check(protocol, isV6: true, AnswerRule.TooBig(1279, Lab.Simulation.Protocols.All), 2, 0, 1279, implausible: true, size: LargeProbe);
        Check(protocol, isV6: true, AnswerRule.TooBig(9000, Lab.Simulation.Protocols.All), 2, 0, 9000, implausible: true, size: 80);
        Check(protocol, isV6: true, AnswerRule.TooBig(1280, Lab.Simulation.Protocols.All), 2, 0, 1280, implausible: false, size: LargeProbe);
    }

    [Theory]
    [MemberData(nameof(Protocols))]
    public void ICMPv6_unreachables_and_parameter_problems_are_shown_and_passed(ProbeProtocol protocol)
    {
        for (byte code = 0; code <= 7; code++)
        {
            Check(protocol, isV6: true, AnswerRule.IcmpV6(1, code), 1, code, null, implausible: null, size: 80);
        }

        for (byte code = 0; code <= 2; code++)
        {
            Check(protocol, isV6: true, AnswerRule.IcmpV6(4, code), 4, code, null, implausible: null, size: 80);
        }
    }

    [Theory]
    [MemberData(nameof(Protocols))]
    public void Source_quench_and_parameter_problem_are_shown_and_passed(ProbeProtocol protocol)
    {
        Check(protocol, isV6: false, AnswerRule.Icmp(4, 0), 4, 0, null, implausible: null, size: 60);
        Check(protocol, isV6: false, AnswerRule.Icmp(12, 0), 12, 0, null, implausible: null, size: 60);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_reset_from_a_router_does_not_end_the_path(bool isV6)
    {
        var trace = Trace(ProbeProtocol.Tcp, isV6, AnswerRule.TcpReset(When.Expired), new QuoteSpec(), 80);
        Assert.Equal(ReplyKind.Reset, Assert.Single(Assert.Single(trace.Hops[BadTtl - 1].Nodes).Replies).Kind);
        AssertWhole(trace, "reset");
    }

    private static void Check(ProbeProtocol protocol, bool isV6, AnswerRule rule, byte type, byte code, int? mtu, bool? implausible, int size)
    {
        foreach (var quote in Quotes)
        {
            var cell = $"{protocol} v{(isV6 ? 6 : 4)} {type}/{code} mtu {mtu} quote {quote.Length} {quote.Options}";
            var trace = Trace(protocol, isV6, rule, quote, size);
            AssertWhole(trace, cell);
            var reply = Assert.Single(Assert.Single(trace.Hops[BadTtl - 1].Nodes).Replies);
            Assert.True((reply.Type, reply.Code, reply.Mtu, reply.Implausible) == (type, code, mtu, implausible), $"{cell}: {reply}");
            Assert.NotEqual(ReplyKind.TimeExceeded, reply.Kind);
        }
    }

    private static void AssertWhole(TraceEvidence trace, string cell)
    {
        Assert.True(trace.ReachedTtl == Routers + 1, $"{cell}: target found at {trace.ReachedTtl}");
        Assert.Equal(Enumerable.Range(1, Routers + 1), trace.Hops.Select(hop => hop.Ttl));
        Assert.All(trace.Hops, hop => Assert.True(hop.Received == hop.Sent && hop.Sent > 0 && hop.Nodes.Count == 1, $"{cell}: hop {hop.Ttl} {hop.Received} of {hop.Sent}"));
    }

    private static TraceEvidence Trace(ProbeProtocol protocol, bool isV6, AnswerRule rule, QuoteSpec quote, int size)
    {
        var topology = Topologies.Line(Routers).With($"r{BadTtl}", node => node with
        {
            Rules = [rule],
            Errors = node.Errors with { Quote = quote, Options = quote.Options },
        });
        return SimulatedTrace.Run(topology, protocol, isV6, cycles: 1, change: options => options with { Size = size }).Evidence;
    }
}
