using System.Buffers.Binary;
using Probe.Core.Evidence;
using Probe.Core.Packets;

namespace Probe.Lab.Instruments;

/// <summary>
/// Compares a trace's round-trip times with those of an independent capture (IPv4, classic pcap with nanoseconds, Ethernet).
/// </summary>
public static class CapturedRtts
{
    private const uint NanosecondMagic = 0xa1b23c4d;
    private const int FileHeader = 24;
    private const int PacketHeader = 16;
    private const int EthernetHeader = 14;
    private const int LargestTtl = 30;

    /// <summary>|RTT of the trace − RTT of the capture| of each answered probe, nanoseconds.</summary>
    /// <param name="trace">The trace, with its single probes.</param>
    /// <param name="target">The address traced.</param>
    /// <param name="pcap">What tcpdump wrote meanwhile on the client's interface.</param>
    /// <exception cref="InvalidDataException">The capture does not hold the probes of the trace, in order.</exception>
    public static List<long> Differences(TraceEvidence trace, IpAddress target, byte[] pcap)
    {
        var packets = Read(pcap);
        var sent = packets.Where(packet => packet.Destination == target && packet.Ttl <= LargestTtl).ToList();
        var probes = trace.Probes!.OrderBy(probe => probe.SentNs).ToList();
        if (!probes.Select(probe => probe.Ttl).SequenceEqual(sent.Select(packet => (int)packet.Ttl)))
        {
            throw new InvalidDataException($"The trace tells of {probes.Count} probes, the capture of {sent.Count}, or of other TTLs.");
        }

        var differences = new List<long>();
        foreach (var (probe, packet) in probes.Zip(sent))
        {
            if (probe.RttNs is { } rtt && packets.Find(other => other.AtNs >= packet.AtNs && other.Answers(packet)) is { } answer)
            {
                differences.Add(Math.Abs(rtt - (answer.AtNs - packet.AtNs)));
            }
        }

        return differences;
    }

    private static List<Seen> Read(byte[] pcap)
    {
        if (pcap.Length < FileHeader || BinaryPrimitives.ReadUInt32LittleEndian(pcap) != NanosecondMagic)
        {
            throw new InvalidDataException("Not a classic pcap file with nanoseconds.");
        }

        var packets = new List<Seen>();
        for (var at = FileHeader; at + PacketHeader <= pcap.Length;)
        {
            var seconds = BinaryPrimitives.ReadUInt32LittleEndian(pcap.AsSpan(at));
            var nanoseconds = BinaryPrimitives.ReadUInt32LittleEndian(pcap.AsSpan(at + 4));
            var length = (int)BinaryPrimitives.ReadUInt32LittleEndian(pcap.AsSpan(at + 8));
            if (length > pcap.Length - at - PacketHeader)
            {
                // The capture still runs, and its last packet is being written.
                break;
            }

            if (length > EthernetHeader
                && IPv4Header.TryRead(pcap.AsSpan(at + PacketHeader + EthernetHeader, length - EthernetHeader), out var header))
            {
                packets.Add(new Seen(
                    seconds * 1_000_000_000L + nanoseconds, header.Source, header.Destination, header.Ttl, header.Id, header.Protocol,
                    header.Payload.ToArray()));
            }

            at += PacketHeader + length;
        }

        return packets;
    }

    /// <summary>One packet of the capture, with what tells its answer.</summary>
    private sealed record Seen(long AtNs, IpAddress Source, IpAddress Destination, byte Ttl, ushort Id, byte Protocol, byte[] Payload)
    {
        public bool Answers(Seen probe)
        {
            if (Destination != probe.Source)
            {
                return false;
            }

            if (Protocol == IpProtocol.Icmp && Payload[0] is IcmpType.TimeExceeded or IcmpType.DestinationUnreachable)
            {
                return IPv4Header.TryReadQuote(Payload.AsSpan(8), out var quoted) && quoted.Id == probe.Id
                    && quoted.Destination == probe.Destination;
            }

            if (Protocol != probe.Protocol || Source != probe.Destination)
            {
                return false;
            }

            // Echo: identifier and sequence come back. TCP: the answer acknowledges the SYN's number.
            return Protocol == IpProtocol.Icmp
                ? Payload.AsSpan(4, 4).SequenceEqual(probe.Payload.AsSpan(4, 4))
                : BinaryPrimitives.ReadUInt32BigEndian(Payload.AsSpan(8)) == BinaryPrimitives.ReadUInt32BigEndian(probe.Payload.AsSpan(4))
                    + 1;
        }
    }
}
