using System.Buffers.Binary;
using Probe.Core.Evidence;
using Probe.Core.Packets;
using Probe.Core.Probing;
using Probe.Lab.Kernel;
using Probe.Tests;

namespace Probe.Cli.Tests.Kernel;

/// <summary>Round-trip times against those that an independent program's capture shows for the same packets.</summary>
public sealed class CaptureAgreementTests(NineHops shared) : IClassFixture<NineHops>
{
    [NeedsTheory(ProbeInside.Needs | Need.Tcpdump)]
    [InlineData(ProbeProtocol.Icmp)]
    [InlineData(ProbeProtocol.Udp)]
    [InlineData(ProbeProtocol.Tcp)]
    public void Round_trip_times_agree_within_20_microseconds_at_the_median(ProbeProtocol protocol)
    {
        var line = shared.Line;
        var (trace, packets) = Captured(line, protocol);
        var target = line.Target(v6: false);
        var sent = packets.Where(packet => packet.Destination == target && packet.Ttl <= 30).ToList();

        // The kernel's own resets of half-open connections also go to the target; the server here has no listener, so there are none.
        Assert.Equal(trace.Probes!.Count, sent.Count);
        var differences = new List<long>();
        foreach (var (probe, packet) in trace.Probes.OrderBy(probe => probe.SentNs).Zip(sent))
        {
            Assert.Equal(probe.Ttl, packet.Ttl);
            if (probe.RttNs is { } rtt && packets.Find(other => other.AtNs >= packet.AtNs && other.Answers(packet)) is { } answer)
            {
                differences.Add(Math.Abs(rtt - (answer.AtNs - packet.AtNs)));
            }
        }

        Assert.InRange(differences.Count, 100, int.MaxValue);
        differences.Sort();
        Assert.InRange(differences[differences.Count / 2], 0, 20_000);
    }

    private static (TraceEvidence Trace, List<Seen> Packets) Captured(LinuxLine line, ProbeProtocol protocol)
    {
        var file = Path.GetTempFileName();
        try
        {
            using var tcpdump = line.Lab.Start(
                line.Client, "tcpdump", "-i", "east", "-n", "-s", "256", "-B", "8192", "-U", "--immediate-mode", "--time-stamp-precision=nano", "-Z", "root", "-w", file, "ip");
            tcpdump.WaitFor("listening on", ProbeInside.Limit);
            var trace = line.Trace(protocol, v6: false, "-c", "14", "-i", "100ms").Trace;
            Thread.Sleep(100);
            tcpdump.Signal("INT");
            tcpdump.Wait(ProbeInside.Limit).MustSucceed();
            return (trace, Read(File.ReadAllBytes(file)));
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static List<Seen> Read(byte[] pcap)
    {
        const uint NanosecondMagic = 0xa1b23c4d;
        const int EthernetHeader = 14;
        Assert.Equal(NanosecondMagic, BinaryPrimitives.ReadUInt32LittleEndian(pcap));
        var packets = new List<Seen>();
        for (var at = 24; at + 16 <= pcap.Length;)
        {
            var seconds = BinaryPrimitives.ReadUInt32LittleEndian(pcap.AsSpan(at));
            var nanoseconds = BinaryPrimitives.ReadUInt32LittleEndian(pcap.AsSpan(at + 4));
            var length = (int)BinaryPrimitives.ReadUInt32LittleEndian(pcap.AsSpan(at + 8));
            if (IPv4Header.TryRead(pcap.AsSpan(at + 16 + EthernetHeader, length - EthernetHeader), out var header))
            {
                packets.Add(Seen.Of(seconds * 1_000_000_000L + nanoseconds, header));
            }

            at += 16 + length;
        }

        return packets;
    }

    /// <summary>One packet of the capture, with what tells its answer.</summary>
    private sealed record Seen(long AtNs, IpAddress Source, IpAddress Destination, byte Ttl, ushort Id, byte Protocol, byte[] Payload)
    {
        public static Seen Of(long atNs, in IPv4Header header) =>
            new(atNs, header.Source, header.Destination, header.Ttl, header.Id, header.Protocol, header.Payload.ToArray());

        public bool Answers(Seen probe)
        {
            if (Destination != probe.Source)
            {
                return false;
            }

            if (Protocol == IpProtocol.Icmp && Payload[0] is IcmpType.TimeExceeded or IcmpType.DestinationUnreachable)
            {
                return IPv4Header.TryReadQuote(Payload.AsSpan(8), out var quoted) && quoted.Id == probe.Id && quoted.Destination == probe.Destination;
            }

            if (Protocol != probe.Protocol || Source != probe.Destination)
            {
                return false;
            }

            // Echo: identifier and sequence come back. TCP: the reset acknowledges the SYN's number.
            return Protocol == IpProtocol.Icmp
                ? Payload.AsSpan(4, 4).SequenceEqual(probe.Payload.AsSpan(4, 4))
                : BinaryPrimitives.ReadUInt32BigEndian(Payload.AsSpan(8)) == BinaryPrimitives.ReadUInt32BigEndian(probe.Payload.AsSpan(4)) + 1;
        }
    }
}
