using System.Collections.Immutable;
using Probe.Core.Packets;
using Probe.Lab.Simulation;

namespace Probe.Lab.Tests.Simulation;

/// <summary>What a real server does with tunnelled packets; the vantage host is the director.</summary>
public sealed class TunnelEndTests
{
    [Theory]
    [MemberData(nameof(Tunnels.All), MemberType = typeof(Tunnels))]
    public void The_server_answers_from_the_virtual_address(string name, bool isV6)
    {
        var plan = Tunnels.Plan(name);
        var (vip, isV4) = (isV6 ? TopologyBuilder.TargetV6 : TopologyBuilder.TargetV4, !isV6);
        foreach (var probe in new[] { Probes.Tcp(isV6: isV6, flags: TcpFlags.Ack, data: 33), Probes.Udp(isV6: isV6), Probes.Echo(isV6: isV6) })
        {
            // Remote checksum offload has nothing to offload in a ping.
            if (name == "gueremcsum" && probe[isV4 ? 9 : 6] is IpProtocol.Icmp or IpProtocol.IcmpV6)
            {
                continue;
            }

            var answer = plan.FromDirector().AskOne(Tunnels.Wrap(plan.Via(), probe));
            Assert.Equal(vip, answer.From);
            Assert.Equal(probe[isV4 ? 9 : 6] == IpProtocol.Tcp ? TcpFlags.Rst : default, answer.Flags);
        }
    }

    [Fact]
    public void A_protocol_or_port_that_nobody_takes_is_said_to_be_unreachable()
    {
        var gue = Tunnels.Plan("gue");
        var packet = Tunnels.Wrap(Tunnels.Plan("ipip").Via(), Probes.Tcp());
        var answer = gue.FromDirector().AskOne(packet);
        Assert.Equal((IcmpType.DestinationUnreachable, (byte)2, TunnelPlan.ServerAddress(1)), (answer.Type, answer.Code, answer.From));
        Assert.Equal(packet[..8], answer.Quote[..8]);
        answer = gue.FromDirector().AskOne(Tunnels.Wrap([new FouEncapsulation { Remote = TunnelPlan.ServerAddress(1), Port = 5555 }], Probes.Tcp()));
        Assert.Equal((IcmpType.DestinationUnreachable, (byte)3, TunnelPlan.ServerAddress(1)), (answer.Type, answer.Code, answer.From));
        answer = gue.FromDirector().AskOne(Tunnels.Wrap(Tunnels.Of("ipip6"), Probes.Tcp()));
        Assert.Equal((IcmpType.ParameterProblemV6, (byte)1), (answer.Type, answer.Code));
    }

    [Theory]
    [InlineData("gue", 30, 0x80)] // a flag that Linux does not know
    [InlineData("gue", 28, 0x20)] // control
    [InlineData("gue", 28, 0x80)] // version 2
    [InlineData("gue", 31, 0x01)] // private flags said, no room for them
    [InlineData("grekey", 31, 0x01)] // another key: the checksum, then the key
    [InlineData("vxlan", 34, 0x01)] // another VNI
    [InlineData("vxlan", 28, 0x40)] // a reserved flag
    public void What_the_end_cannot_read_is_dropped_without_a_word(string name, int at, byte bits)
    {
        var plan = Tunnels.Plan(name);
        var packet = Tunnels.Wrap(plan.Via(), Probes.Tcp());
        packet[at] ^= bits;
        var network = new SimulatedNetwork(plan.FromDirector());
        Assert.Empty(network.Ask(packet));
        Assert.Contains(network.Journal.Of(JournalKind.Dropped), entry => entry is { Reason: DropReason.Tunnel, Node: "s1" });
    }

    [Fact]
    public void What_comes_out_for_somebody_else_is_passed_on_by_a_router()
    {
        var plan = Tunnels.Plan("gue");
        var topology = plan.FromDirector().With("s1", node => node with { Forwards = true });
        var answer = topology.AskOne(Tunnels.Wrap(plan.Via(), Probes.Udp(target: IpAddress.Parse("10.0.0.2"))));
        Assert.Equal((IpAddress.Parse("10.0.0.2"), IcmpType.DestinationUnreachable, (byte)3), (answer.From, answer.Type, answer.Code));
    }

    [Fact]
    public void The_outer_packet_of_a_tunnel_may_come_in_fragments()
    {
        var plan = Tunnels.Plan("gue") with { OuterMtu = 600 };
        var layers = plan.Via().Select(layer => layer with { DontFragment = false }).ToImmutableArray();
        Assert.Equal(TcpFlags.Rst, plan.FromDirector().AskOne(Tunnels.Wrap(layers, Probes.Tcp(flags: TcpFlags.Ack, data: 1000))).Flags);
        var tooBig = plan.FromDirector().AskOne(Tunnels.Wrap(plan.Via(), Probes.Tcp(flags: TcpFlags.Ack, data: 1000), id: 4242));
        Assert.Equal((600u, IcmpType.DestinationUnreachable), (tooBig.Mtu, tooBig.Type));
        Assert.Equal([4242 >> 8, 4242 & 255], tooBig.Quote[4..6]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_way_back_that_is_narrow_and_silent_swallows_large_echoes_but_no_small_answers(bool isV6)
    {
        var plan = Tunnels.Plan("ipip") with { ReturnMtu = 1400, ReturnIsSilent = true };
        Assert.NotEmpty(plan.FromDirector().Ask(Tunnels.Wrap(plan.Via(), Probes.Echo(isV6: isV6, size: 1400))));
        Assert.Empty(plan.FromDirector().Ask(Tunnels.Wrap(plan.Via(), Probes.Echo(isV6: isV6, size: 1401))));
        Assert.NotEmpty(plan.FromDirector().Ask(Tunnels.Wrap(plan.Via(), Probes.Tcp(isV6: isV6, flags: TcpFlags.Ack, data: 1480 - (isV6 ? 60 : 40)))));
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(true, true)]
    [InlineData(false, false)]
    [InlineData(false, true)]
    public void A_server_that_obeys_sends_its_next_echo_reply_in_fragments(bool obeys, bool isV6)
    {
        var topology = Topologies.Line(2)
            .WithLink("r1", "r2", link => link with { Back = link.Quality with { Mtu = 1400 } })
            .With("t", node => node with { Host = new HostSpec { DontFragment = true, ObeysTooBig = obeys } });
        var network = new SimulatedNetwork(topology) ;
        var port = new SimulatedPort(network);
        var sink = new Sink();
        foreach (var expected in new[] { 0, obeys ? 1 : 0 })
        {
            port.Send(Probes.Echo(isV6: isV6, size: 1450), 1);
            port.Poll(network.NowNs + 100_000_000, sink);
            port.Poll(network.NowNs + 100_000_000, sink);
            Assert.Equal(expected, sink.Arrived.Count);
        }
    }
}
