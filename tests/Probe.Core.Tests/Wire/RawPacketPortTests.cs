using System.Buffers.Binary;
using Probe.Core.Linux.Namespaces;
using Probe.Core.Linux.Sockets;
using Probe.Core.Linux;
using Probe.Core.Packets;
using Probe.Core.Probing;
using Probe.Core.Tests.Linux;
using Probe.Core.Vocabulary;
using Probe.Core.Wire;
using static Probe.Core.Tests.Linux.TestNetwork;

namespace Probe.Core.Tests.Wire;

/// <summary>The kernel's raw sockets in network namespaces: stamps, filters, losses, ports.</summary>
public sealed class RawPacketPortTests(TestNetwork network) : IClassFixture<TestNetwork>
{
    private const Need Needs = Need.Namespaces | Need.Nftables;

    [NeedsTheory(Need.Namespaces)]
    [InlineData(false)]
    [InlineData(true)]
    public void An_echo_carries_kernel_stamps_on_both_ends(bool v6)
    {
        var (source, target) = v6 ? (Client6, Server6) : (Client4, Server4);
        using var port = Open(v6, ProbeProtocol.Icmp);
        var sink = new RecordingSink();
        for (var number = 1; number <= 40; number++)
        {
            var before = port.NowNs;
            Assert.Equal(SendStatus.Sent, port.Send(TestPackets.Echo(source, target, 77, (ushort)number), number));
            sink.Await(port, number);
            var after = port.NowNs;

            var answer = sink.Arrivals[^1];
            Assert.Equal((source, target), (answer.Destination, answer.Source));
            Assert.Equal(v6 ? 129 : 0, answer.Payload[0]);
            Assert.Equal(number, BinaryPrimitives.ReadUInt16BigEndian(answer.Payload.AsSpan(6)));
            Assert.Equal(63, answer.Ttl);
            Assert.Equal(64, answer.Length);
            Assert.NotEqual(0, answer.InterfaceIndex);
            Assert.Equal(StampSource.Kernel, answer.Stamp);
            Assert.InRange(sink.Sent[number], before, answer.AtNs);
            Assert.InRange(answer.AtNs, sink.Sent[number], after);
        }

        // Each transmit stamp came before the answer that it belongs to.
        Assert.True(Enumerable.Range(1, 40).SelectMany(n => new[] { $"sent {n}", "arrived" }).SequenceEqual(sink.Order, StringComparer.Ordinal));
        Assert.Equal(0, port.ReadLosses().Packets);
    }

    [NeedsTheory(Need.Namespaces)]
    [InlineData("127.0.0.1", 9000)]
    [InlineData("::1", 2088)]
    [InlineData("::1", 9000)]
    public void An_echo_reply_longer_than_what_is_kept_of_it_is_an_answer(string address, int size)
    {
        var target = IpAddress.Parse(address);
        using var session = network.InClient(() => ProbeSockets.Open(Sockets(target, ProbeProtocol.Icmp)));
        Assert.Equal(SendStatus.Sent, session.Wire.Send(new ProbePacket
        {
            Number = 1, Source = target, Target = target, Protocol = ProbeProtocol.Icmp, Flow = session.Flows[0], Ttl = 9, Size = size, DontFragment = true,
        }));
        var replies = new List<Reply>();
        var until = session.Wire.NowNs + 5_000_000_000;
        while (replies.Count == 0 && session.Wire.NowNs < until)
        {
            session.Wire.Receive(until, replies);
        }

        var reply = Assert.Single(replies);
        Assert.Equal((1, ReplyKind.EchoReply), (reply.Number, reply.Kind));
    }

    [NeedsTheory(Need.Namespaces)]
    [InlineData(false)]
    [InlineData(true)]
    public void A_router_s_time_exceeded_quotes_the_packet_as_it_was_given(bool v6)
    {
        var (source, target, router) = v6 ? (Client6, Server6, Router6) : (Client4, Server4, Router4);
        using var held = network.InClient(() => new HeldPorts(source, ProbeProtocol.Udp, 1));
        using var port = Open(v6, ProbeProtocol.Udp, held.Ports);
        var packet = TestPackets.Udp(source, target, held.Ports[0], 33434, ttl: 1);
        port.Send(packet, 1);

        var answer = Assert.Single(new RecordingSink().Await(port, 1).Arrivals);
        Assert.Equal(router, answer.Source);
        Assert.Equal(v6 ? 3 : 11, answer.Payload[0]);
        Assert.Equal(packet, answer.Payload[8..(8 + packet.Length)]);
    }

    [NeedsTheory(Need.Namespaces)]
    [InlineData(false, HeldPortMode.KernelResets)]
    [InlineData(true, HeldPortMode.KernelResets)]
    [InlineData(false, HeldPortMode.KernelMute)]
    [InlineData(true, HeldPortMode.KernelMute)]
    public void A_syn_brings_its_answer_and_only_the_kernel_that_may_reset_does(bool v6, HeldPortMode mode)
    {
        var (source, target) = v6 ? (Client6, Server6) : (Client4, Server4);
        using var server = network.InServer(() => new Listener(target));
        using var held = network.InClient(() => new HeldPorts(source, ProbeProtocol.Tcp, 2, mode));
        using var port = Open(v6, ProbeProtocol.Tcp, held.Ports);
        var resetsBefore = EmbryonicResets();
        port.Send(TestPackets.Syn(source, target, held.Ports[0], server.Port), 1);
        port.Send(TestPackets.Syn(source, target, held.Ports[1], 1), 2);
        var sink = new RecordingSink().Await(port, 2).Linger(port, 100);

        Assert.Equal(2, sink.Arrivals.Count);
        var answers = sink.Arrivals.ToDictionary(a => BinaryPrimitives.ReadUInt16BigEndian(a.Payload.AsSpan(2)));
        Assert.Equal((byte)(TcpFlags.Syn | TcpFlags.Ack), answers[held.Ports[0]].Payload[13]);
        Assert.Equal((byte)(TcpFlags.Rst | TcpFlags.Ack), answers[held.Ports[1]].Payload[13]);
        Assert.All(sink.Arrivals, a => Assert.Equal(StampSource.Kernel, a.Stamp));
        Assert.All(sink.Arrivals, a => Assert.Equal(0x01020305u, BinaryPrimitives.ReadUInt32BigEndian(a.Payload.AsSpan(8))));

        // The target's half-open connection dies of our kernel's reset, or stays.
        Assert.Equal(mode == HeldPortMode.KernelResets ? 1 : 0, EmbryonicResets() - resetsBefore);
    }

    [NeedsFact(Needs)]
    public void A_udp_answer_arrives_and_draws_no_port_unreachable()
    {
        using var server = network.InServer(() => Datagram(Server4));
        using var held = network.InClient(() => new HeldPorts(Client4, ProbeProtocol.Udp, 1));
        using var port = Open(v6: false, ProbeProtocol.Udp, held.Ports);
        var before = Counter(network.Client, "Icmp", "OutDestUnreachs");
        var packet = TestPackets.Udp(Server4, Client4, 5353, held.Ports[0]);
        using var other = network.InServer(() => new RawPacketPort(new RawPortOptions()));
        other.Send(packet, 1);

        var answer = Assert.Single(new RecordingSink().Await(port, 1).Linger(port, 50).Arrivals);
        Assert.Equal(packet[20..], answer.Payload);
        Assert.Equal(before, Counter(network.Client, "Icmp", "OutDestUnreachs"));

        // The counter can tell: a port that nobody holds does draw one.
        other.Send(TestPackets.Udp(Server4, Client4, 5353, 9), 2);
        new RecordingSink().Linger(port, 50);
        Assert.Equal(before + 1, Counter(network.Client, "Icmp", "OutDestUnreachs"));
    }

    [NeedsFact(Need.Namespaces)]
    public void Packets_to_ports_that_are_not_held_do_not_arrive()
    {
        using var held = network.InClient(() => new HeldPorts(Client4, ProbeProtocol.Tcp, 3));
        using var port = Open(v6: false, ProbeProtocol.Tcp, held.Ports);
        using var other = network.InServer(() => new RawPacketPort(new RawPortOptions()));
        var free = (ushort)Enumerable.Range(20_000, 100).First(p => !held.Ports.Contains((ushort)p));
        other.Send(TestPackets.Syn(Server4, Client4, 1000, free), 1);
        other.Send(TestPackets.Syn(Server4, Client4, 1001, held.Ports[2]), 2);

        var answer = Assert.Single(new RecordingSink().Await(port, 1).Linger(port, 50).Arrivals);
        Assert.Equal(held.Ports[2], BinaryPrimitives.ReadUInt16BigEndian(answer.Payload.AsSpan(2)));
    }

    [NeedsTheory(Need.Namespaces)]
    [InlineData(false)]
    [InlineData(true)]
    public void Ports_held_later_are_heard_too_and_those_between_them_are_not(bool v6)
    {
        var (client, server) = v6 ? (Client6, Server6) : (Client4, Server4);
        using var held = network.InClient(() => new HeldPorts(client, ProbeProtocol.Tcp, 1));
        using var port = Open(v6, ProbeProtocol.Tcp, held.Ports);
        using var other = network.InServer(() => new RawPacketPort(new RawPortOptions { IPv4 = !v6, IPv6 = v6 }));
        var number = 0;
        var heard = new HashSet<ushort>();
        foreach (var more in new[] { 31, 1, 300, 600 })
        {
            network.InClient(() =>
            {
                held.Add(more, out var refusal);
                return refusal;
            });
            port.Listen(held.Ports);
            var wanted = held.Ports.Except(heard).ToList();
            var sink = new RecordingSink();
            foreach (var chunk in wanted.Chunk(50))
            {
                foreach (var to in chunk)
                {
                    other.Send(TestPackets.Syn(server, client, 5353, to), ++number);
                    if (!held.Ports.Contains((ushort)(to + 1)))
                    {
                        other.Send(TestPackets.Syn(server, client, 5353, (ushort)(to + 1)), ++number);
                    }
                }

                sink.Await(port, sink.Arrivals.Count + chunk.Length);
                new RecordingSink().Linger(other, 1);
            }

            heard.UnionWith(sink.Linger(port, 50).Arrivals.Select(answer => BinaryPrimitives.ReadUInt16BigEndian(answer.Payload.AsSpan(2))));
            Assert.Equal(held.Ports.Order(), heard.Order());
        }

        // Beyond a thousand nothing is missed either; the range lets some strangers pass.
        network.InClient(() =>
        {
            held.Add(200, out var refusal);
            return refusal;
        });
        port.Listen(held.Ports);
        var (smallest, largest) = (held.Ports.Min(), held.Ports.Max());
        foreach (var to in new[] { smallest - 1, smallest, largest, largest + 1 })
        {
            other.Send(TestPackets.Syn(server, client, 5353, (ushort)to), ++number);
        }

        var last = new RecordingSink().Await(port, 2).Linger(port, 50).Arrivals;
        Assert.Equal([smallest, largest], last.Select(answer => BinaryPrimitives.ReadUInt16BigEndian(answer.Payload.AsSpan(2))));
    }

    [NeedsFact(Need.Namespaces)]
    public void Where_ports_run_out_the_flows_end_and_say_why()
    {
        Exec(network.Client, "sysctl", "-qw", "net.ipv4.ip_local_port_range=50000 50019");
        try
        {
            using var session = network.InClient(() => ProbeSockets.Open(Sockets(Server4, ProbeProtocol.Tcp, 80)));
            var flows = network.InClient(() => Enumerable.Range(0, 25).Select(session.FlowAt).ToList());
            var ports = flows.TakeWhile(flow => flow is not null).Select(flow => flow!.Value.SourcePort).ToList();
            Assert.Equal(Enumerable.Range(50000, 20), ports.Order().Select(port => (int)port));
            Assert.All(flows.Skip(20), Assert.Null);
            Assert.Contains("no free local port is left (net.ipv4.ip_local_port_range)", session.FlowsEnded, StringComparison.Ordinal);
        }
        finally
        {
            Exec(network.Client, "sysctl", "-qw", "net.ipv4.ip_local_port_range=32768 60999");
        }
    }

    [NeedsFact(Need.Namespaces)]
    public void A_held_port_is_nobody_else_s()
    {
        using var held = network.InClient(() => new HeldPorts(Client4, ProbeProtocol.Tcp, 1));
        var error = Assert.Throws<LinuxException>(() => network.InClient(() => new HeldPorts(Client4, ProbeProtocol.Tcp, [held.Ports[0]])));
        Assert.Equal("EADDRINUSE", error.ErrnoName);
    }

    [NeedsFact(Needs)]
    public void Transmit_stamps_stay_with_their_probes_when_a_local_rule_refuses_some()
    {
        Nft(network.Client, """
            table ip refuse {
              chain out {
                type filter hook output priority 0;
                ip ttl 5 drop;
              }
            }

            """);
        try
        {
            using var port = Open(v6: false, ProbeProtocol.Icmp);
            var sent = new Dictionary<int, long>();
            var sink = new RecordingSink();
            for (var number = 1; number <= 30; number++)
            {
                var refused = number % 3 == 0;
                sent[number] = port.NowNs;
                var status = port.Send(TestPackets.Echo(Client4, Server4, 5, (ushort)number, ttl: refused ? (byte)5 : (byte)64), number);
                Assert.Equal(refused ? SendStatus.LocalRule : SendStatus.Sent, status);
                sink.Await(port, number - number / 3);
            }

            sent[31] = port.NowNs;
            Assert.Equal(20, sink.Sent.Count);
            Assert.All(sink.Sent, stamp => Assert.InRange(stamp.Value, sent[stamp.Key], sent[stamp.Key + 1]));
        }
        finally
        {
            Nft(network.Client, "delete table ip refuse");
        }
    }

    [NeedsFact(Need.Namespaces)]
    public void Transmit_stamps_stay_with_their_probes_when_the_numbering_starts_anew()
    {
        var clock = new StampClock();
        using var sender = network.InClient(() => new RawSender(v6: false, new RawPortOptions()));
        var sink = new RecordingSink();
        for (var number = 1; number <= 9; number++)
        {
            if (number % 3 == 0)
            {
                sender.RestartNumbers();
            }

            sender.Send(TestPackets.Echo(Client4, Server4, 5, (ushort)number), number, clock.NowNs);
            sender.ReadStamps(clock, sink);
        }

        Assert.Equal(Enumerable.Range(1, 9), sink.Sent.Keys.Order());
    }

    [NeedsFact(Need.Namespaces)]
    public void What_the_host_loses_is_counted()
    {
        const int Echoes = 400;
        using var port = network.InClient(() => new RawPacketPort(new RawPortOptions { ReceiveBuffer = 16 * 1024 }));
        for (var number = 1; number <= Echoes; number++)
        {
            while (port.Send(TestPackets.Echo(Client4, Server4, 9, (ushort)number), number) == SendStatus.Busy)
            {
            }
        }

        Thread.Sleep(50);
        var lost = port.ReadLosses().Packets;
        Assert.InRange(lost, 1, Echoes - 1);
        Assert.Equal(Echoes - lost, new RecordingSink().Linger(port, 50).Arrivals.Count);
    }

    [NeedsFact(Need.Namespaces)]
    public void Sending_and_receiving_allocates_nothing()
    {
        using var port = Open(v6: false, ProbeProtocol.Icmp);
        var packet = TestPackets.Echo(Client4, Server4, 3, 1);
        var sink = new CountingSink();
        Exchange(500);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Exchange(2_000);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal((2_500, 2_500), (sink.Arrivals, sink.Stamps));

        void Exchange(int count)
        {
            for (var i = 0; i < count; i++)
            {
                var wanted = sink.Arrivals + 1;
                port.Send(packet, i);
                var until = port.NowNs + 1_000_000_000;
                while (sink.Arrivals < wanted && port.NowNs < until)
                {
                    port.Poll(until, sink);
                }
            }
        }
    }

    [NeedsFact(Need.Namespaces)]
    public void A_waiting_poll_ends_when_woken_and_at_its_time()
    {
        using var port = Open(v6: false, ProbeProtocol.Icmp);
        using var timer = new Timer(_ => port.Wake(), null, 50, Timeout.Infinite);
        port.Poll(port.NowNs + 30_000_000_000, new RecordingSink());
        Assert.InRange(port.NowNs, 0, 20_000_000_000);

        var until = port.NowNs + 5_000_000;
        port.Poll(until, new RecordingSink());
        Assert.True(port.NowNs >= until);
    }

    [NeedsFact(Need.Namespaces)]
    public void What_cannot_be_sent_says_why()
    {
        using var port = Open(v6: false, ProbeProtocol.Icmp);
        Assert.Equal(SendStatus.TooBig, port.Send(TestPackets.Echo(Client4, Server4, 1, 1, size: 1501), 1));

        // The router has no default route.
        using var router = NamespaceThread.Run(PathOf(network.Router), () => new RawPacketPort(new RawPortOptions()));
        Assert.Equal(SendStatus.NoRoute, router.Send(TestPackets.Echo(Router4, IpAddress.Parse("192.0.2.1"), 1, 1), 1));

        var error = Assert.Throws<LinuxException>(() => network.InClient(() => new RawPacketPort(new RawPortOptions { Interface = "nosuch0" })));
        Assert.Contains("interface nosuch0", error.Message, StringComparison.Ordinal);
        Assert.Equal("ENODEV", error.ErrnoName);
    }

    private RawPacketPort Open(bool v6, ProbeProtocol protocol, IReadOnlyList<ushort>? ports = null) =>
        network.InClient(() => new RawPacketPort(new RawPortOptions { IPv4 = !v6, IPv6 = v6, Protocol = protocol, LocalPorts = ports ?? [] }));

    private long EmbryonicResets() => Counter(network.Server, "TcpExt", "EmbryonicRsts", "netstat");

    private static long Counter(string name, string group, string counter, string file = "snmp")
    {
        var lines = Exec(name, "cat", "/proc/net/" + file).Split('\n').Where(line => line.StartsWith(group + ":", StringComparison.Ordinal)).ToArray();
        var column = Array.IndexOf(lines[0].Split(' '), counter);
        return long.Parse(lines[1].Split(' ')[column]);
    }

    private static FileDescriptor Datagram(IpAddress address)
    {
        var socket = SocketCalls.Open(SocketConstants.AF_INET, SocketConstants.SOCK_DGRAM, 0, "a UDP socket");
        SocketCalls.Bind(socket, new SocketAddress(address, 5353));
        return socket;
    }

    private sealed class Listener : IDisposable
    {
        private readonly FileDescriptor _socket;

        public Listener(IpAddress address)
        {
            _socket = SocketCalls.Open(address.IsV4 ? SocketConstants.AF_INET : SocketConstants.AF_INET6, SocketConstants.SOCK_STREAM, 0, "a TCP socket");
            SocketCalls.Bind(_socket, new SocketAddress(address, 0));
            SocketCalls.Listen(_socket, 16);
            Port = SocketCalls.LocalAddress(_socket).Port;
        }

        public ushort Port { get; }

        public void Dispose() => _socket.Dispose();
    }

    private sealed class CountingSink : IPacketSink
    {
        public int Arrivals { get; private set; }

        public int Stamps { get; private set; }

        public void Arrived(in ArrivedPacket packet) => Arrivals++;

        public void Transmitted(int number, long atNs) => Stamps++;
    }

    private static ProbeSocketsOptions Sockets(IpAddress target, ProbeProtocol protocol, ushort port = 0) => new(new())
    {
        Target = target,
        Protocol = protocol,
        DestinationPort = port,
        TimeoutNs = 1_000_000_000,
        Via = default,
    };
}
