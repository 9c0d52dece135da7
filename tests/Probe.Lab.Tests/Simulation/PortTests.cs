using Probe.Core.Packets;
using Probe.Core.Probing;
using Probe.Core.Vocabulary;
using Probe.Core.Wire;
using Probe.Lab.Simulation;

namespace Probe.Lab.Tests.Simulation;

public sealed class PortTests
{
    private const long Ms = 1_000_000;

    [Fact]
    public void Time_moves_to_the_next_arrival_and_no_further()
    {
        using var port = new SimulatedPort(Topologies.Line(3));
        var sink = new Sink();
        Assert.Equal(SendStatus.Sent, port.Send(Probes.Udp(ttl: 1), 11));
        Assert.Equal(SendStatus.Sent, port.Send(Probes.Udp(ttl: 3), 12));
        Assert.Equal(0, port.NowNs);
        port.Poll(100 * Ms, sink);
        Assert.Equal((2 * Ms, 1), (port.NowNs, sink.Arrived.Count));
        Assert.Equal([(11, 0L), (12, 0L)], sink.Transmitted);
        Assert.Equal(["transmitted", "transmitted", "arrived"], sink.Order);
        port.Poll(4 * Ms, sink);
        Assert.Equal((4 * Ms, 1), (port.NowNs, sink.Arrived.Count));
        port.Poll(100 * Ms, sink);
        Assert.Equal((6 * Ms, 2), (port.NowNs, sink.Arrived.Count));
        port.Poll(100 * Ms, sink);
        Assert.Equal((100 * Ms, 2), (port.NowNs, sink.Arrived.Count));
        port.Poll(0, sink);
        Assert.Equal(100 * Ms, port.NowNs);
        Assert.All(sink.Arrived, arrived => Assert.Equal(StampSource.Kernel, arrived.Stamp));
    }

    [Fact]
    public void Everything_of_one_instant_comes_at_once()
    {
        using var port = new SimulatedPort(Topologies.Line(1));
        var sink = new Sink();
        for (var i = 0; i < 5; i++)
        {
            port.Send(Probes.Udp(ttl: 1), i);
        }

        port.Poll(long.MaxValue, sink);
        Assert.Equal(5, sink.Arrived.Count);
    }

    [Fact]
    public void A_wake_ends_one_wait_and_a_hopeless_wait_throws()
    {
        using var port = new SimulatedPort(Topologies.Line(1));
        var sink = new Sink();
        port.Wake();
        port.Poll(long.MaxValue - 1, sink);
        Assert.Equal(0, port.NowNs);
        Assert.Throws<InvalidOperationException>(() => port.Poll(long.MaxValue, sink));
    }

    [Fact]
    public void The_host_itself_may_be_busy_lossy_or_unable_to_send()
    {
        using var port = new SimulatedPort(Topologies.Line(1), new SimulatedPortOptions
        {
            Busy = 0.5,
            NoTransmitStamp = 0.5,
            NoArrivalStamp = 0.5,
            LostLocally = 0.5,
            Refused = IpPrefix.Parse("10.201.0.99"),
        });
        Assert.Equal(SendStatus.TooBig, port.Send(Probes.Udp(size: 1501), 1));
        Assert.Equal(SendStatus.NoRoute, port.Send(Probes.Udp(target: IpAddress.Parse("198.51.100.1")), 1));
        Assert.Equal(SendStatus.LocalRule, port.Send(Probes.Udp(target: IpAddress.Parse("10.201.0.99")), 1));
        var sink = new Sink();
        var sent = 0;
        for (var i = 0; i < 1000; i++)
        {
            sent += port.Send(Probes.Udp(ttl: 1), i) == SendStatus.Sent ? 1 : 0;
            port.Poll(port.NowNs + 5 * Ms, sink);
        }

        Assert.InRange(sent, 400, 600);
        Assert.InRange(sink.Transmitted.Count, sent * 4 / 10, sent * 6 / 10);
        Assert.Equal(sent, sink.Arrived.Count + port.ReadLosses().Packets);
        Assert.InRange(sink.Arrived.Count, sent * 4 / 10, sent * 6 / 10);
        var user = sink.Arrived.Where(arrived => arrived.Stamp == StampSource.User).ToArray();
        Assert.InRange(user.Length, sink.Arrived.Count * 4 / 10, sink.Arrived.Count * 6 / 10);
    }

    [Fact]
    public void A_sweep_of_the_real_wire_runs_on_it()
    {
        using var port = new SimulatedPort(Topologies.Line(4));
        var cookies = new ProbeCookies(new byte[ProbeCookies.KeyLength]);
        using var wire = new PacketWire(port, cookies, 10_000 * Ms);
        for (var ttl = 1; ttl <= 5; ttl++)
        {
            Assert.Equal(SendStatus.Sent, wire.Send(new ProbePacket
            {
                Number = ttl,
                Source = TopologyBuilder.VantageV4,
                Target = TopologyBuilder.TargetV4,
                Protocol = ProbeProtocol.Udp,
                Flow = new Flow(1, 40000, 33434),
                Ttl = (byte)ttl,
                Size = 60,
                DontFragment = true,
            }));
        }

        var replies = new List<Reply>();
        while (replies.Count < 5)
        {
            wire.Receive(wire.NowNs + 1000 * Ms, replies);
        }

        Assert.Equal([1, 2, 3, 4, 5], replies.Select(reply => reply.Number));
        Assert.Equal([2 * Ms, 4 * Ms, 6 * Ms, 8 * Ms, 10 * Ms], replies.Select(reply => reply.RttNs));
        Assert.All(replies, reply => Assert.True(reply.KernelStamped));
    }
}
