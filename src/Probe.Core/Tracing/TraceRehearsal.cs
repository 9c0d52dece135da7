using Probe.Core.Packets;
using Probe.Core.Probing;

namespace Probe.Core.Tracing;

/// <summary>
/// Runs a trace once against answers made up in memory. Generic collections over our own structs are compiled at first use; without a
/// rehearsal that happens between the first probes and the next ones, several milliseconds at a time. Sends nothing.
/// </summary>
public static class TraceRehearsal
{
    private const int Distance = 10;
    private const long LongestNs = 1_000_000_000;

    /// <summary>Rehearses a sweep with these options.</summary>
    public static void Run(TraceOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        using var wire = new PacketWire(new MadeUpPort(), new ProbeCookies(), LongestNs);
        var tracer = new Tracer(options with { FirstTtl = 1, MaxTtl = Distance, Cycles = 1, Flows = [options.Flows[0]] }, new ProbeNumbers());
        SweepLoop.Run(tracer, wire, LongestNs, default);
        while (tracer.TryTakeNewAddress(out _))
        {
        }
    }

    /// <summary>Answers every probe at once: time-exceeded from the source's own address, and an unreachable from the target at the end.</summary>
    private sealed class MadeUpPort : IPacketPort
    {
        private const int Quoted = 64;
        private readonly Queue<byte[]> _sent = new();
        private readonly List<int> _numbers = [];

        public long NowNs { get; private set; }

        public SendStatus Send(ReadOnlySpan<byte> packet, int number)
        {
            _sent.Enqueue(packet[..Math.Min(packet.Length, Quoted)].ToArray());
            _numbers.Add(number);
            return SendStatus.Sent;
        }

        public void Poll(long untilNs, IPacketSink sink)
        {
            _numbers.ForEach(number => sink.Transmitted(number, NowNs));
            _numbers.Clear();

            // Without anything left to answer time goes on as asked, so that the rehearsal ends in any case.
            NowNs = _sent.Count > 0 ? NowNs + 1000 : Math.Max(NowNs + 1000, untilNs);
            while (_sent.TryDequeue(out var probe) && IpPacket.TryReadQuote(probe, out var packet))
            {
                Answer(probe, packet, sink);
            }
        }

        public void Wake()
        {
        }

        public PortLosses ReadLosses() => default;

        public void Dispose()
        {
        }

        private void Answer(byte[] probe, in IpPacket packet, IPacketSink sink)
        {
            var isLast = packet.Ttl >= Distance;
            var protocol = packet.IsV6 ? IpProtocol.IcmpV6 : IpProtocol.Icmp;
            var type = (packet.IsV6, isLast) switch
            {
                (false, false) => IcmpType.TimeExceeded,
                (false, true) => IcmpType.DestinationUnreachable,
                (true, false) => IcmpType.TimeExceededV6,
                (true, true) => IcmpType.DestinationUnreachableV6,
            };
            var from = isLast ? packet.Destination : packet.Source;
            var message = new byte[IcmpMessage.HeaderLength + probe.Length];
            IcmpMessage.Write(message, packet.IsV6, type, 0, 0, probe);
            TransportChecksum.Write(message, protocol, from, packet.Source);
            sink.Arrived(new ArrivedPacket
            {
                Source = from,
                Destination = packet.Source,
                Ttl = 64,
                Protocol = protocol,
                Payload = message,
                AtNs = NowNs,
                Stamp = StampSource.Kernel,
            });
        }
    }
}
