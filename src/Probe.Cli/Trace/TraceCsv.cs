using Probe.Cli.Output;
using Probe.Core.Evidence;
using Probe.Core.Vocabulary;

namespace Probe.Cli.Trace;

/// <summary>
/// A trace as CSV: one row per node at a TTL; a silent hop has an empty node. AS columns stand at the end, when asked for.
/// </summary>
internal static class TraceCsv
{
    public static void Write(TraceEvidence trace, TextWriter writer, bool systems)
    {
        WriteHeader(writer, systems);
        WriteRows(trace, writer, systems);
    }

    public static void WriteHeader(TextWriter writer, bool systems) => new CsvWriter(writer).Header(
        [
            "target", "address", "protocol", "port", "ttl", "node", "name", "sent", "received", "loss", "rtt_min_ns", "rtt_avg_ns",
            "rtt_max_ns",
            "rtt_stddev_ns", "rtt_jitter_ns", "rtt_last_ns", "kind", "icmp_type", "icmp_code", "mtu", "rate_limited",
            .. systems ? ["asn", "as_name"] : Array.Empty<string>(),
        ]);

    public static void WriteRows(TraceEvidence trace, TextWriter writer, bool systems)
    {
        var csv = new CsvWriter(writer);
        foreach (var hop in trace.Hops)
        {
            if (hop.Nodes.Count == 0)
            {
                Begin(csv, trace, hop).Text(null).Text(null).Number(hop.Sent).Number(hop.Received).Fraction(hop.Loss);
                for (var empty = 0; empty < 10; empty++)
                {
                    csv.Text(null);
                }

                End(csv, hop, null, systems);
            }

            foreach (var node in hop.Nodes)
            {
                // A node that answered in several ways is named by its most frequent one.
                var reply = node.Replies.MaxBy(kind => kind.Count)!;
                var row = Begin(csv, trace, hop).Text(node.Address).Text(node.Name).Number(node.Sent).Number(node.Received)
                    .Fraction(node.Loss)
                    .Number(node.RttNs?.Min).Number(node.RttNs?.Avg).Number(node.RttNs?.Max)
                    .Number(node.RttNs?.Stddev).Number(node.RttNs?.Jitter).Number(node.RttNs?.Last)
                    .Text(Word.Of(reply.Kind)).Number(reply.Type).Number(reply.Code).Number(reply.Mtu);
                End(row, hop, node, systems);
            }
        }
    }

    private static void End(CsvWriter csv, HopEvidence hop, NodeEvidence? node, bool systems)
    {
        csv.Fraction(hop.RateLimited);
        if (systems)
        {
            csv.Number(node?.Asn).Text(node?.AsName);
        }

        csv.EndRow();
    }

    private static CsvWriter Begin(CsvWriter csv, TraceEvidence trace, HopEvidence hop) =>
        csv.Text(trace.Target).Text(trace.Address).Text(Word.Of(trace.Protocol)).Number(trace.Port).Number(hop.Ttl);
}
