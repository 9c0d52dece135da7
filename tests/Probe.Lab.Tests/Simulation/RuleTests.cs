using Probe.Core.Packets;
using Probe.Lab.Simulation;

namespace Probe.Lab.Tests.Simulation;

public sealed class RuleTests
{
    [Theory]
    [InlineData(9000u)]
    [InlineData(0u)]
    [InlineData(60u)]
    public void A_lying_hop_says_frag_needed_to_expired_tcp_alone_and_later_hops_answer(uint mtu)
    {
        foreach (var isV6 in new[] { false, true })
        {
            var topology = Topologies.Line(3).With("r1", node => node with { Rules = [AnswerRule.TooBig(mtu, Protocols.Tcp)] });
            var lie = topology.AskOne(Probes.Tcp(ttl: 1, isV6: isV6));
            Assert.Equal(isV6 ? (IcmpType.PacketTooBigV6, (byte)0, mtu) : (IcmpType.DestinationUnreachable, IcmpType.FragmentationNeededCode, mtu), (lie.Type, lie.Code, lie.Mtu));
            Assert.Equal(ForwardingTests.InboundAddress(topology, "r1", isV6), lie.From);
            Assert.True(topology.AskOne(Probes.Udp(ttl: 1, isV6: isV6)).IsTimeExceeded);
            Assert.True(topology.AskOne(Probes.Tcp(ttl: 2, isV6: isV6)).IsTimeExceeded);
        }
    }

    public static TheoryData<byte, byte, bool> EveryError()
    {
        var data = new TheoryData<byte, byte, bool>();
        for (byte code = 0; code <= 15; code++)
        {
            data.Add(IcmpType.DestinationUnreachable, code, false);
        }

        for (byte code = 0; code <= 6; code++)
        {
            data.Add(IcmpType.DestinationUnreachableV6, code, true);
        }

        data.Add(IcmpType.SourceQuench, 0, false);
        data.Add(IcmpType.ParameterProblem, 1, false);
        data.Add(IcmpType.ParameterProblemV6, 2, true);
        data.Add(IcmpType.Redirect, 1, false);
        return data;
    }

    [Theory]
    [MemberData(nameof(EveryError))]
    public void A_hop_answers_with_any_type_and_code(byte type, byte code, bool isV6)
    {
        var rule = isV6 ? AnswerRule.IcmpV6(type, code) : AnswerRule.Icmp(type, code);
        var answer = Topologies.Line(2).With("r2", node => node with { Rules = [rule] }).AskOne(Probes.Udp(ttl: 2, isV6: isV6));
        Assert.Equal((type, code), (answer.Type, answer.Code));
        Assert.NotEmpty(answer.Quote);
    }

    [Fact]
    public void A_filter_in_transit_lets_its_own_hop_show_and_hides_what_follows()
    {
        var topology = Topologies.Line(3).With("r2", node => node with { Rules = [AnswerRule.Icmp(3, 13, when: When.Transit, protocols: Protocols.Tcp)] });
        Assert.True(topology.AskOne(Probes.Tcp(ttl: 2)).IsTimeExceeded);
        for (var ttl = 3; ttl < 6; ttl++)
        {
            var answer = topology.AskOne(Probes.Tcp(ttl));
            Assert.Equal((3, 13, ForwardingTests.InboundAddress(topology, "r2")), (answer.Type, answer.Code, answer.From));
        }

        Assert.Equal(TopologyBuilder.TargetV4, topology.AskOne(Probes.Udp(ttl: 4)).From);
    }

    [Fact]
    public void A_source_quench_may_come_beside_the_real_answer()
    {
        var rule = AnswerRule.Icmp(IcmpType.SourceQuench, 0, when: When.Transit) with { Forwards = true };
        var answers = Topologies.Line(2).With("r1", node => node with { Rules = [rule] }).Ask(Probes.Echo());
        Assert.Equal([IcmpType.SourceQuench, IcmpType.EchoReply], answers.Select(answer => answer.Type));
    }

    [Fact]
    public void A_reset_comes_from_a_hop_or_in_the_targets_name()
    {
        var topology = Topologies.Line(3);
        var own = topology.With("r2", node => node with { Rules = [AnswerRule.TcpReset(When.Expired)] }).AskOne(Probes.Tcp(ttl: 2, sequence: 77));
        Assert.Equal((ForwardingTests.InboundAddress(topology, "r2"), TcpFlags.Rst | TcpFlags.Ack, 78u), (own.From, own.Flags, own.Acknowledgment));
        var forged = topology.With("r2", node => node with { Rules = [AnswerRule.TcpReset(When.Transit, AnswerFrom.Destination)] });
        Assert.Equal(TopologyBuilder.TargetV4, forged.AskOne(Probes.Tcp(ttl: 9)).From);
        Assert.True(forged.AskOne(Probes.Udp(ttl: 2)).IsTimeExceeded);
    }

    [Fact]
    public void A_hop_that_is_not_the_target_may_say_port_unreachable_and_another_time_exceeded_in_the_targets_name()
    {
        var topology = Topologies.Line(3)
            .With("r1", node => node with { Rules = [AnswerRule.Icmp(3, 3)] })
            .With("r2", node => node with { Rules = [AnswerRule.ExpiredFromTarget] });
        Assert.Equal((3, 3, ForwardingTests.InboundAddress(topology, "r1")), Told(topology.AskOne(Probes.Udp(ttl: 1))));
        Assert.Equal((11, 0, TopologyBuilder.TargetV4), Told(topology.AskOne(Probes.Udp(ttl: 2))));

        static (byte, byte, IpAddress) Told(Answer answer) => (answer.Type, answer.Code, answer.From);
    }

    [Fact]
    public void A_rule_heeds_port_size_prefix_time_and_share()
    {
        Assert.Equal([2], Dropped(new PacketMatch { FirstPort = 80, LastPort = 90 }, Probes.Udp(to: 79), Probes.Udp(to: 91), Probes.Udp(to: 85)));
        Assert.Equal([1], Dropped(new PacketMatch { Protocols = Protocols.Udp, MinimumSize = 100, MaximumSize = 200 }, Probes.Udp(size: 99), Probes.Udp(size: 150), Probes.Udp(size: 201)));
        Assert.Equal([0], Dropped(new PacketMatch { Destination = IpPrefix.Parse("10.201.0.0/16") }, Probes.Udp(), Probes.Udp(isV6: true)));
        Assert.Equal([1], Dropped(new PacketMatch { Family = Family.V6 }, Probes.Udp(), Probes.Udp(isV6: true)));
        Assert.Equal([0], Dropped(new PacketMatch { UntilNs = 1_000_000_000 }, Probes.Udp(), Probes.Udp()));
        Assert.Equal([1], Dropped(new PacketMatch { FromNs = 1_000_000_000 }, Probes.Udp(), Probes.Udp()));
        Assert.InRange(Dropped(new PacketMatch { Protocols = Protocols.Udp, Share = 0.5 }, [.. Enumerable.Repeat(Probes.Udp(), 200)]).Length, 70, 130);

        static int[] Dropped(PacketMatch match, params byte[][] packets)
        {
            var network = new SimulatedNetwork(Topologies.Line(1).With("r1", node => node with { Rules = [AnswerRule.Drop(When.Transit, match)] }));
            return [.. Enumerable.Range(0, packets.Length).Where(i => network.Ask(packets[i]).Count == 0)];
        }
    }
}
