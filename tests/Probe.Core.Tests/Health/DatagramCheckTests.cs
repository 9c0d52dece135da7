using System.Collections.Immutable;
using Probe.Core.Health;
using Probe.Core.Linux;
using Probe.Core.Packets;
using Probe.Core.Tests.Wire;
using Probe.Core.Vocabulary;
using Probe.Core.Wire;
using Probe.Lab.Instruments;
using Probe.Lab.Simulation;

namespace Probe.Core.Tests.Health;

/// <summary>Checks by datagrams of our own making: many servers behind one address, each by its tunnel, and what each packet is made of.</summary>
public sealed class DatagramCheckTests : ICheckSink, IDisposable
{
    private const ushort Port = 53;
    private const int Servers = 25;

    private static readonly IpAddress s_router = IpAddress.Parse("198.51.100.1");
    private static readonly IpAddress s_own = IpAddress.Parse("192.0.2.1");

    private readonly ScriptedPort _port = new();
    private readonly List<CheckOutcome> _outcomes = [];

    public void Dispose() => _port.Dispose();

    void ICheckSink.Done(in CheckOutcome outcome) => _outcomes.Add(outcome);

    [Theory]
    [InlineData("ipip", false)]
    [InlineData("gue", false)]
    [InlineData("gre", true)]
    [InlineData("gue", true)]
    public void Each_server_behind_one_address_gets_its_own_verdict(string tunnel, bool v6)
    {
        const int rounds = 40;
        var plan = new TunnelPlan { Layers = [Layer(tunnel, v6)], Servers = Servers };
        var topology = plan.FromDirector();
        for (var number = 1; number <= Servers; number++)
        {
            topology = topology.With($"s{number}", node => node with { Host = new HostSpec { Udp = Service(number) } });
        }

        var vip = v6 ? TopologyBuilder.TargetV6 : TopologyBuilder.TargetV4;
        List<CheckTarget> targets = [.. Enumerable.Range(1, Servers).Select(number => Target(number - 1, vip, plan.Via(number)))];
        ushort[] held = [.. Enumerable.Range(40_000, RawPorts.CountFor(targets)).Select(port => (ushort)port)];
        using var engine = new RawEngine(
            new SimulatedPort(topology, new() { Busy = 0.1, NoTransmitStamp = 0.3, Seed = (ulong)Seed.Value }), Options(inFlight: 2 * Servers),
            new RawSources(NoPlainWay, TunnelFrom(topology)), new RawPorts([], [], held, held, targets), zeroNs: 0);
        var load = new CheckLoad(engine, targets);
        load.RunPaced(rounds);

        Assert.Equal((rounds * Servers, 0), (load.Over, engine.InFlight));
        Assert.Equal(
            targets.Select(target => $"{target.Index + 1}: {rounds} {Expected(target.Index + 1)}"),
            targets.Select(target => $"{target.Index + 1}: {string.Join(", ", Ends(load, target))}"));
    }

    [Fact]
    public void A_plain_datagram_is_checked_alike()
    {
        var topology = Topologies.Line(2).With(TopologyBuilder.Target, node => node with
        {
            Host = new HostSpec { Udp = [new UdpService { Port = 1 }, new UdpService { Port = 2, Behaviour = UdpBehaviour.Silent }] },
        });
        var target = Target(0, topology.AddressOf(TopologyBuilder.Target, isV6: false), []);
        ushort[] held = [40_000, 40_001];
        using var engine = new RawEngine(new SimulatedPort(topology), Options(inFlight: 10), new RawSources(
            (IpAddress _, out IpAddress source) => (source = topology.AddressOf(TopologyBuilder.Vantage, isV6: false)).IsNone ? 1 : 0,
            _ => throw new NotSupportedException()), new RawPorts(held, []), zeroNs: 0);
        var load = new CheckLoad(engine,
            [target with { Port = 1 }, target with { Port = 2, Index = 1 }, target with { Port = 3, Index = 2 },
                target with { Port = 2, Index = 3, Question = target.Question with { SilenceIsUp = true } }]);
        load.Run(10, 80, TimeSpan.FromHours(1));
        Assert.Equal([(0, CheckEnd.Answered), (1, CheckEnd.TimedOut), (2, CheckEnd.IcmpError), (3, CheckEnd.Answered)],
            Enumerable.Range(0, 4).Select(index => (index, Enum.GetValues<CheckEnd>().Single(end => load.Count(end, one => one.Index == index) == 20))));
    }

    [Theory]
    [InlineData("ipip:192.0.2.7", "68656c6c6f")]
    [InlineData("gue:192.0.2.7", "")]
    [InlineData("gue:192.0.2.7", "00112233445566778899aabbccddeeff")]
    [InlineData("ipip:192.0.2.66 gue:192.0.2.77", "68656c6c6f")]
    [InlineData("", "68656c6c6f")]
    public void It_carries_what_was_asked_to_be_sent_and_nothing_else(string via, string send)
    {
        var target = Target(0, IpAddress.Parse("203.0.113.10"), Stack(via), Convert.FromHexString(send), expect: "pong");
        using var engine = Engine([target]);
        var inner = Inner(Start(engine, target), via);

        Assert.True(IpPacket.TryRead(inner, out var ip));
        Assert.True(UdpHeader.TryRead(ip.Payload, out var udp));
        Assert.Equal((IpProtocol.Udp, target.Address, Port), (ip.Protocol, ip.Destination, udp.DestinationPort));
        Assert.Equal(send, Convert.ToHexStringLower(udp.Payload));
        Assert.True(TransportChecksum.IsValid(ip.Payload, IpProtocol.Udp, ip.Source, ip.Destination));

        _port.Deliver(Answers.Udp(inner, s_router, "pong"u8.ToArray()));
        engine.Poll(0, this);
        Assert.Empty(_outcomes);
        _port.Deliver(Answers.Udp(inner, target.Address, "ping pong"u8.ToArray()));
        engine.Poll(0, this);
        var outcome = Assert.Single(_outcomes);
        Assert.Equal((CheckEnd.Answered, true), (outcome.End, outcome.RttNs >= 0));
        Assert.Single(_port.Sent);
    }

    [Theory]
    [InlineData("ipip:192.0.2.7", 28, 3, 2)]
    [InlineData("gue:192.0.2.7", 28, 3, 3)]
    [InlineData("gue:192.0.2.7", 1000, 3, 13)]
    [InlineData("ipip:192.0.2.66 gue:192.0.2.77", 1000, 11, 0)]
    [InlineData("gue:192.0.2.7", 1000, 3, 4)]
    [InlineData("", 28, 3, 1)]
    [InlineData("", 1000, 3, 3)]
    public void An_error_ends_the_check_with_who_said_it(string via, int quoted, byte type, byte code)
    {
        CheckTarget[] targets = [Target(0, IpAddress.Parse("203.0.113.10"), Stack("ipip:192.0.2.99")), Target(1, IpAddress.Parse("203.0.113.10"), Stack(via), new byte[200])];
        using var engine = Engine(targets);
        Start(engine, targets[0]);
        var sent = Start(engine, targets[1]);
        _port.Deliver(Answers.Error(sent, s_router, type, code, quoted, rest: code == 4 ? 100u : 0));
        engine.Poll(0, this);
        var outcome = Assert.Single(_outcomes);
        Assert.Equal((1, CheckEnd.IcmpError, type, code, s_router), (outcome.Target, outcome.End, outcome.IcmpType, outcome.IcmpCode, outcome.IcmpFrom));
        Assert.Equal(type == 3 && code == 4 ? Errno.EMSGSIZE : outcome.Errno, outcome.Errno);
    }

    [Fact]
    public void Another_answer_than_the_expected_one_is_a_mismatch_and_a_late_one_is_nobody_s()
    {
        const string via = "gue:192.0.2.7";
        var target = Target(0, IpAddress.Parse("203.0.113.10"), Stack(via), expect: "pong");
        using var engine = Engine([target]);
        var first = Inner(Start(engine, target), via);
        _port.Deliver(Answers.Udp(first, target.Address, "busy"u8.ToArray()));
        engine.Poll(0, this);
        Start(engine, target, attempt: 2);
        _port.Deliver(Answers.Udp(first, target.Address, "pong"u8.ToArray()));
        engine.Poll(0, this);
        Assert.Equal([(1, CheckEnd.Mismatch)], _outcomes.Select(outcome => (outcome.Attempt, outcome.End)));
    }

    [Fact]
    public void However_many_servers_are_behind_one_address_no_two_share_a_port()
    {
        var ports = new Dictionary<ushort, int>();
        CheckTarget[] targets = [.. Enumerable.Range(0, 300).Select(number =>
            Target(number, IpAddress.Parse("203.0.113.10"), Stack($"ipip:10.0.{number / 250}.{number % 250 + 1}")))];
        using var engine = Engine(targets);
        for (var attempt = 1; attempt <= 4; attempt++)
        {
            foreach (var target in targets)
            {
                // Of so many each has three ports: it waits for its own checks before.
                var isFree = engine.TryStart(target, attempt);
                Assert.Equal(attempt <= 3, isFree);
            }
        }

        engine.Poll(0, this);
        foreach (var packet in _port.Sent)
        {
            Assert.True(EncapsulationReader.TryUnwrap(Stack($"ipip:{Destination(packet)}").Layers[0], packet, out var inner, out _));
            Assert.True(IpPacket.TryRead(inner, out var ip) && UdpHeader.TryRead(ip.Payload, out var udp) && ports.TryAdd(udp.SourcePort, 0));
        }

        Assert.Equal(900, ports.Count);
    }

    [Fact]
    public void What_has_no_room_in_a_packet_fails_at_once()
    {
        var most = Target(0, IpAddress.Parse("203.0.113.10"), Stack("gue:192.0.2.7"), new byte[RawEngine.LargestPacket - 32 - 28]);
        var more = Target(1, IpAddress.Parse("203.0.113.10"), Stack("gue:192.0.2.8"), new byte[RawEngine.LargestPacket - 32 - 27]);
        using var engine = Engine([most, more]);
        Assert.Equal(RawEngine.LargestPacket, Start(engine, most).Length);
        Assert.True(engine.TryStart(more, 1));
        engine.Poll(0, this);
        var outcome = Assert.Single(_outcomes);
        Assert.Equal((1, CheckEnd.Failed, Errno.EMSGSIZE), (outcome.Target, outcome.End, outcome.Errno));
        Assert.Single(_port.Sent);
    }

    private static IEnumerable<string> Ends(CheckLoad load, CheckTarget target) =>
        from end in Enum.GetValues<CheckEnd>() let count = load.Count(end, one => one == target) where count > 0 select $"{count} {end}";

    private static IpAddress Destination(byte[] packet) => IpPacket.TryRead(packet, out var ip) ? ip.Destination : default;

    private static CheckEnd Expected(int number) => (number % 5) switch
    {
        0 => CheckEnd.Answered,
        1 => CheckEnd.Mismatch,
        2 => CheckEnd.TimedOut,
        3 => CheckEnd.IcmpError,

        // It answers, and always too late.
        _ => CheckEnd.TimedOut,
    };

    private static ImmutableArray<UdpService> Service(int number) => (number % 5) switch
    {
        0 => [new UdpService { Port = Port }],
        1 => [new UdpService { Port = Port, Behaviour = UdpBehaviour.Reply, Payload = "00" }],
        2 => [new UdpService { Port = Port, Behaviour = UdpBehaviour.Silent }],
        3 => [],
        _ => [new UdpService { Port = Port, DelayNs = 1_500_000_000 }],
    };

    private static Encapsulation Layer(string tunnel, bool v6) => tunnel switch
    {
        "gue" => new GueEncapsulation { Remote = TunnelPlan.ServerAddress(1, v6), Port = GueEncapsulation.DefaultPort },
        "gre" => new GreEncapsulation { Remote = TunnelPlan.ServerAddress(1, v6) },
        _ => new IpIpEncapsulation { Remote = TunnelPlan.ServerAddress(1, v6) },
    };

    private static EncapsulationStack Stack(string via) => new([
        .. via.Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Select(text => EncapsulationText.TryParse(text, out var layer, out var error) ? layer : throw new FormatException(error)),
    ]);

    private static CheckTarget Target(int index, IpAddress address, IEnumerable<Encapsulation> layers) =>
        Target(index, address, new EncapsulationStack([.. layers]), expect: "ping");

    private static CheckTarget Target(int index, IpAddress address, EncapsulationStack via, byte[]? send = null, string? expect = null) => new()
    {
        Index = index,
        Name = "service",
        Address = address,
        Port = Port,
        Via = via,
        Question = new CheckQuestion
        {
            Kind = CheckKind.Udp,
            Send = send ?? "ping"u8.ToArray(),
            Expect = expect is null ? null : ExpectedAnswer.TryParse(expect, out var answer, out _) ? answer : throw new FormatException(expect),
        },
    };

    private static RawEngineOptions Options(int inFlight) => new(new()) { InFlight = inFlight, Transport = ProbeProtocol.Udp };

    private static int NoPlainWay(IpAddress target, out IpAddress source)
    {
        source = default;
        return Errno.ENETUNREACH;
    }

    private static TunnelTo TunnelFrom(Topology topology) => target => new TunnelRoute(
        new EncapsulationStack([.. target.Via.Layers.Select(layer => layer with { Source = topology.AddressOf(TopologyBuilder.Vantage, layer.Remote.IsV6) })]),
        topology.AddressOf(TopologyBuilder.Vantage, target.Address.IsV6), TargetIsLocal: true);

    private static byte[] Inner(byte[] packet, string via)
    {
        foreach (var layer in Stack(via).Layers)
        {
            Assert.True(EncapsulationReader.TryUnwrap(layer, packet, out var next, out var error), $"{error}");
            packet = next.ToArray();
        }

        return packet;
    }

    private RawEngine Engine(IReadOnlyCollection<CheckTarget> targets)
    {
        ushort[] plain = [39_000];
        ushort[] tunnelled = [.. Enumerable.Range(40_000, RawPorts.CountFor(targets)).Select(port => (ushort)port)];
        return new RawEngine(_port, Options(inFlight: 1000), new RawSources(Plain, Tunnel), new RawPorts(plain, [], tunnelled, [], targets), zeroNs: 0);
    }

    private static int Plain(IpAddress target, out IpAddress source)
    {
        source = s_own;
        return 0;
    }

    private static TunnelRoute Tunnel(CheckTarget target) => new(
        new EncapsulationStack([.. target.Via.Layers.Select(layer => layer.Source.IsNone ? layer with { Source = s_own } : layer)]), s_own, TargetIsLocal: false);

    private byte[] Start(RawEngine engine, CheckTarget target, int attempt = 1)
    {
        Assert.True(engine.TryStart(target, attempt));
        engine.Poll(0, this);
        return _port.Sent[^1];
    }
}
