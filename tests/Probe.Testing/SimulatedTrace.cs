using System.Buffers.Binary;
using Probe.Core.Evidence;
using Probe.Core.Packets;
using Probe.Core.Probing;
using Probe.Core.Tracing;
using Probe.Core.Vocabulary;
using Probe.Core.Wire;
using Probe.Lab.Simulation;

namespace Probe.Testing;

/// <summary>A trace through the simulated network, and what its journal says about each probe.</summary>
internal sealed class SimulatedTrace
{
    public const long Millisecond = 1_000_000;
    public const long TimeoutNs = 1_000 * Millisecond;

    private SimulatedTrace(SimulatedNetwork network, TraceEvidence evidence, SweepEnd end, Dictionary<int, long> packets)
    {
        Network = network;
        Evidence = evidence;
        End = end;
        Packets = packets;
    }

    public SimulatedNetwork Network { get; }

    public TraceEvidence Evidence { get; }

    public SweepEnd End { get; }

    /// <summary>The journal's number of each probe.</summary>
    public IReadOnlyDictionary<int, long> Packets { get; }

    /// <summary>Traces the network's target.</summary>
    public static SimulatedTrace Run(Topology topology, ProbeProtocol protocol, bool isV6, int cycles = 2, int flows = 1, Func<TraceOptions, TraceOptions>? change = null)
    {
        var network = new SimulatedNetwork(topology);
        using var port = new NumberingPort(new SimulatedPort(network));
        using var wire = new PacketWire(port, new ProbeCookies(Key()), 2 * TimeoutNs);
        var options = new TraceOptions
        {
            Target = topology.AddressOf(TopologyBuilder.Target, isV6),
            Source = topology.AddressOf(TopologyBuilder.Vantage, isV6),
            Protocol = protocol,
            Flows = [.. Enumerable.Range(1, flows).Select(id => FlowOf(id, protocol, isV6))],
            Cycles = cycles,
            IntervalNs = 200 * Millisecond,
            TimeoutNs = TimeoutNs,
            Size = ProbeWriter.DefaultSize(isV6),
        };
        options = change?.Invoke(options) ?? options;
        var tracer = new Tracer(options, new ProbeNumbers());
        var end = SweepLoop.Run(tracer, wire, 600_000 * Millisecond, default);
        return new SimulatedTrace(network, new TraceEvidenceBuilder(tracer, 0, _ => null).Build("t", end, 0), end, port.Packets);
    }

    public static Flow FlowOf(int id, ProbeProtocol protocol, bool isV6) => new(
        id, (ushort)(40_000 + id), protocol == ProbeProtocol.Tcp ? (ushort)80 : (ushort)33_434, (ushort)(id * 257), isV6 ? (uint)id : 0);

    /// <summary>
    /// Who answered each probe first, by the journal: within the timeout, with enough quoted to know the probe by. A probe nobody
    /// answered so is not in it.
    /// </summary>
    public Dictionary<int, IpAddress> Answers()
    {
        var numbers = Packets.ToDictionary(pair => pair.Value, pair => pair.Key);
        var sent = new Dictionary<long, long>();
        var sequences = new Dictionary<uint, long>();
        var answers = new Dictionary<int, IpAddress>();
        foreach (var entry in Network.Journal.Entries)
        {
            if (entry.Node != TopologyBuilder.Vantage)
            {
                continue;
            }

            if (entry.Kind == JournalKind.Made && numbers.ContainsKey(entry.Packet))
            {
                sent[entry.Packet] = entry.AtNs;
                if (IsTcp(entry.Octets.Span, out var segment))
                {
                    sequences[BinaryPrimitives.ReadUInt32BigEndian(segment[4..])] = entry.Packet;
                }
            }
            else if (entry.Kind == JournalKind.Delivered && numbers.TryGetValue(CauseOf(entry), out var number)
                && entry.AtNs - sent[CauseOf(entry)] <= TimeoutNs && IsAnswer(entry.Octets.Span, out var from))
            {
                answers.TryAdd(number, from);
            }
        }

        return answers;

        // A reset that an endpoint sends by itself has no cause but the connection it acknowledges.
        long CauseOf(JournalEntry entry) => entry.Cause == 0 && IsTcp(entry.Octets.Span, out var segment)
            ? sequences.GetValueOrDefault(BinaryPrimitives.ReadUInt32BigEndian(segment[8..]) - 1)
            : entry.Cause;
    }

    private static bool IsTcp(ReadOnlySpan<byte> octets, out ReadOnlySpan<byte> segment)
    {
        segment = IpPacket.TryRead(octets, out var packet) && packet.Protocol == IpProtocol.Tcp ? packet.Payload : default;
        return !segment.IsEmpty;
    }

    /// <summary>Read by hand, without the readers under test where they decide.</summary>
    private static bool IsAnswer(ReadOnlySpan<byte> octets, out IpAddress from)
    {
        from = default;
        if (!IpPacket.TryRead(octets, out var packet))
        {
            return false;
        }

        from = packet.Source;
        var payload = packet.Payload;
        switch (packet.Protocol)
        {
            case IpProtocol.Icmp when payload[0] == 0:
            case IpProtocol.IcmpV6 when payload[0] == 129:
            case IpProtocol.Udp:
                return true;
            case IpProtocol.Tcp:
                return (payload[13] & 0x06) != 0;
            case IpProtocol.Icmp:
                // A redirect is no answer; a quote must hold its IP header and eight octets.
                return payload[0] != 5 && payload.Length >= 8 + 20 && payload.Length >= 8 + (payload[8] & 15) * 4 + 8;
            default:
                return payload.Length >= 8 + 40 + 8;
        }
    }

    private static byte[] Key()
    {
        var key = new byte[ProbeCookies.KeyLength];
        new Random(Seed.Value).NextBytes(key);
        return key;
    }

    /// <summary>Remembers which packet of the journal each probe became.</summary>
    private sealed class NumberingPort(SimulatedPort port) : IPacketPort
    {
        private long _packets;

        public Dictionary<int, long> Packets { get; } = [];

        public long NowNs => port.NowNs;

        public SendStatus Send(ReadOnlySpan<byte> packet, int number)
        {
            var status = port.Send(packet, number);
            if (status == SendStatus.Sent)
            {
                // The newest packet made at the vantage host is this one.
                _packets = port.Network.LastInjected;
                Packets.Add(number, _packets);
            }

            return status;
        }

        public void Poll(long untilNs, IPacketSink sink) => port.Poll(untilNs, sink);

        public void Wake() => port.Wake();

        public PortLosses ReadLosses() => port.ReadLosses();

        public void Dispose() => port.Dispose();
    }
}
