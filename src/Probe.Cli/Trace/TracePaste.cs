using System.Globalization;
using Probe.Core.Evidence;

namespace Probe.Cli.Trace;

/// <summary>
/// The block that network operators paste into tickets, in the shape of <c>mtr -rwn</c>. Loss% is mtr's: what of the sent was not answered.
/// What is no loss on the path, though it looks like it there, is said below the table.
/// </summary>
internal static class TracePaste
{
    private const string Silent = "???";

    public static void Write(TraceEvidence trace, Bundle bundle, TextWriter writer)
    {
        var last = trace.Hops.ToList().FindLastIndex(hop => hop.Nodes.Count > 0) + 1;
        var shown = trace.Hops.Take(Math.Max(1, last + 1)).ToList();
        var systems = trace.Hops.Any(hop => hop.Nodes.Any(node => node.Asn is not null));
        var rows = shown.SelectMany(hop => Rows(hop, systems)).ToList();
        var head =
            $"HOST: {StrangerText.Clean(bundle.Host?.Name ?? "?")} ({StrangerText.Clean(trace.Source)}) -> "
                + $"{StrangerText.Clean(trace.Target)} ({StrangerText.Clean(trace.Address)})";
        var width = rows.Select(row => row.Address).Append(head).Max(StrangerText.CellWidth);

        writer.WriteLine($"Start: {bundle.Started}");
        writer.WriteLine($"{StrangerText.PadRight(head, width)}  Loss%   Snt   Last   Avg  Best  Wrst StDev");
        foreach (var (address, figures) in rows)
        {
            writer.WriteLine((StrangerText.PadRight(address, width) + figures).TrimEnd());
        }

        foreach (var line in Remarks(trace, shown))
        {
            writer.WriteLine(line);
        }
    }

    private static IEnumerable<(string Address, string Figures)> Rows(HopEvidence hop, bool systems)
    {
        if (hop.Nodes.Count == 0)
        {
            yield return ($"{hop.Ttl,3}.|-- {(systems ? $"{"AS???",-12}" : "")}{Silent}", Figures(hop.Sent, 0, null));
        }

        for (var i = 0; i < hop.Nodes.Count; i++)
        {
            var node = hop.Nodes[i];
            var before = i switch { 0 => $"{hop.Ttl,3}.|-- ", 1 => "    |  `|-- ", _ => "    |   |-- " };
            var system = systems ? $"{(node.Asn is { } number ? $"AS{number}" : "AS???"),-12}" : "";
            yield return (before + system + StrangerText.Clean(node.Address), Figures(node.Sent, node.Received, node.RttNs));
        }

        // Flows that nobody answered here belong to none of these addresses.
        if (hop.Nodes.Count > 0 && hop.Nodes.All(node => node.Sent is not null) && hop.Sent - hop.Nodes.Sum(node => node.Sent) is > 0
            and var rest)
        {
            yield return ($"    |  {(hop.Nodes.Count == 1 ? '`' : ' ')}|-- {(systems ? $"{"AS???",-12}" : "")}{Silent}",
                Figures(rest, 0, null));
        }
    }

    private static string Figures(int? sent, int received, RttEvidence? rtt)
    {
        var loss = sent is > 0 and var all ? $"{Decimal(100m * (all - received) / all)}%" : "-";
        var count = sent is { } known ? $"{known}" : "-";
        return $"{loss,7}{count,6}{Milliseconds(rtt?.Last),7}{Milliseconds(rtt?.Avg),6}"
            + $"{Milliseconds(rtt?.Min),6}{Milliseconds(rtt?.Max),6}{Milliseconds(rtt?.Stddev),6}";
    }

    private static IEnumerable<string> Remarks(TraceEvidence trace, List<HopEvidence> shown)
    {
        var port = trace.Port is { } number ? $" to port {number}" : "";
        var size = trace.Size is { } octets ? $", {octets} octets" : "";
        var flows = trace.Flows.Count > 1 ? $", {trace.Flows.Count} flows" : "";
        yield return "Probes: "
            + $"{trace.Protocol.ToString().ToUpperInvariant()}{port}{size}{flows}.{(trace.Reached ? "" : " The target did not answer.")}";

        if (shown.Count < trace.Hops.Count)
        {
            yield return $"Behind hop {shown[^1].Ttl}, up to TTL {trace.Hops[^1].Ttl}: no answer either.";
        }

        var limited = shown.Where(hop => hop.RateLimited * hop.Sent >= 0.5).Select(hop => hop.Ttl).ToList();
        if (limited.Count > 0)
        {
            yield return $"{(limited.Count == 1 ? "Hop" : "Hops")} {Ranges(limited)}: "
                + "later hops prove that probes passed which were not answered here; that part is no loss on the path.";
        }

        if (shown.Exists(hop => hop.Nodes.Any(node => node.Sent is null)))
        {
            yield return "-: packets of one flow met several addresses, so nobody can say which of them a lost one was for.";
        }

        if (trace.LocalLost > 0)
        {
            yield return $"Up to {trace.LocalLost} answers were lost in this host: the loss figures are upper bounds.";
        }
    }

    /// <summary>"3, 5 to 20": runs of three and more shortened.</summary>
    private static string Ranges(List<int> sorted)
    {
        var parts = new List<string>();
        for (var i = 0; i < sorted.Count;)
        {
            var end = i;
            while (end + 1 < sorted.Count && sorted[end + 1] == sorted[end] + 1)
            {
                end++;
            }

            var run = end - i >= 2;
            parts.Add(run ? $"{sorted[i]} to {sorted[end]}" : $"{sorted[i]}");
            i = run ? end + 1 : i + 1;
        }

        return string.Join(", ", parts);
    }

    private static string Milliseconds(long? ns) => Decimal((ns ?? 0) / 1_000_000m);

    private static string Decimal(decimal value) =>
        Math.Round(value, 1, MidpointRounding.AwayFromZero).ToString("F1", CultureInfo.InvariantCulture);
}
