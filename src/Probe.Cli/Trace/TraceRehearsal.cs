using Probe.Core.Packets;
using Probe.Core.Probing;
using Probe.Core.Tracing;
using Probe.Core.Vocabulary;
using Probe.Core.Wire;

namespace Probe.Cli.Trace;

/// <summary>
/// Runs a trace once against answers made up in memory. Generic collections over our own structs are compiled at first use; without a
/// rehearsal that happens between the first probes and the next ones, several milliseconds at a time. Sends nothing.
/// </summary>
internal static class TraceRehearsal
{
    private const int Distance = 10;
    private const int Split = 3;
    private const int MostFlows = 64;
    private const long LongestNs = 1_000_000_000;

    /// <summary>Rehearses a sweep with these options.</summary>
    public static void Run(TraceOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        using var wire = MakeWire();
        Run(new Tracer(Shorten(options), new ProbeNumbers()), wire);
    }

    /// <summary>Rehearses a search with these options, and the sweep that may follow it.</summary>
    public static void Run(MultipathOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        using var wire = MakeWire();
        var model = options.Trace.Flows[0];
        var trace = Shorten(options.Trace);
        var search = new MultipathTracer(
            options with { Trace = trace,
                FlowAt = index =>
                index < MostFlows ? model with { Id = index + 1, SourcePort = (ushort)(model.SourcePort + index) } : null },
            new ProbeNumbers());
        Run(search, wire);
        Run(new Tracer(trace, search), wire);
    }

    private static TraceOptions Shorten(TraceOptions options) =>
        options with { FirstTtl = 1, MaxTtl = Distance, Cycles = 1, Flows = [options.Flows[0]], Via = default, SweepsOuter = false };

    private static PacketWire MakeWire() => new(new MadeUpPort(), new ProbeCookies(), LongestNs);

    private static void Run(TraceSweep sweep, PacketWire wire)
    {
        SweepLoop.Run(sweep, wire, wire.NowNs + LongestNs, default);
        while (sweep.TryTakeNewAddress(out _))
        {
        }
    }

    /// <summary>
    /// Answers every probe at once: time-exceeded from the source's own address, at one TTL from one of two others by the flow's port, and
    /// an unreachable from the target at the end.
    /// </summary>
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

        // RFC 5737 and RFC 3849: addresses that are nobody's.
        private static IpAddress Branch(int branch, bool v6) => IpAddress.Parse(v6 ? $"2001:db8::{branch + 1}" : $"192.0.2.{branch + 1}");

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
            var from = isLast ? packet.Destination : packet.Ttl == Split
                ? Branch(probe[packet.HeaderLength + 1] & 1, packet.IsV6) : packet.Source;
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
