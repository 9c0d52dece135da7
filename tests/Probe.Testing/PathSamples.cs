using Probe.Core.Evidence;
using Probe.Core.Vocabulary;

namespace Probe.Testing;

/// <summary>
/// Traces drawn from what each flow met: one text per flow, one word per TTL, <c>*</c> for no answer, <c>a|b</c> where packets of the flow met both.
/// Every flow sends ten probes a TTL; links follow as the tracer draws them.
/// </summary>
internal static class PathSamples
{
    private const int Probes = 10;
    private const string Target = "203.0.113.9";

    /// <summary>A 4-way diamond behind one router, 8 flows.</summary>
    public static TraceEvidence Diamond() => Of([.. Enumerable.Range(0, 8).Select(flow => $"10.0.0.1 10.0.{flow % 4 + 1}.1 10.0.9.1 {Target}")]);

    /// <summary>Three paths of different length that end at the target.</summary>
    public static TraceEvidence Unequal() =>
        Of($"10.0.0.1 10.1.0.1 {Target}", $"10.0.0.1 10.2.0.1 10.2.0.2 {Target}", $"10.0.0.1 10.3.0.1 10.3.0.2 10.3.0.3 10.3.0.4 {Target}", $"10.0.0.1 10.1.0.1 {Target}");

    /// <summary>Two branches whose second routers are silent, the third too on one of them; a third branch loses everything.</summary>
    public static TraceEvidence Silent() =>
        Of($"10.0.0.1 10.1.0.1 * 10.9.0.1 {Target}", $"10.0.0.1 10.2.0.1 * * {Target}", "10.0.0.1 10.3.0.1 * * *", $"10.0.0.1 10.1.0.1 * 10.9.0.1 {Target}");

    /// <summary>One flow whose packets are sprayed over three routers.</summary>
    public static TraceEvidence PerPacket() => Of($"10.0.0.1 10.1.0.1|10.1.0.2|10.1.0.3 10.2.0.1 {Target}");

    /// <summary>A full mesh of two layers, so many wide, one flow an edge.</summary>
    public static TraceEvidence Mesh(int width) => Of([.. Enumerable.Range(0, width * width).Select(flow => $"10.0.0.1 10.1.0.{flow % width} 10.2.0.{flow / width} {Target}")]);

    /// <summary>One hop so many addresses wide, each with a name.</summary>
    public static TraceEvidence Wide(int width) => Named(
        Of([.. Enumerable.Range(0, width).Select(flow => $"10.0.0.1 10.1.{flow / 8}.{flow % 8} 10.2.{flow / 16}.1 {Target}")]),
        address => $"ae{address.Split('.')[3]}-0.core{address.Split('.')[2]}.example.net");

    /// <summary>The same trace with names.</summary>
    public static TraceEvidence Named(TraceEvidence trace, Func<string, string?> nameOf) => trace with
    {
        Hops = [.. trace.Hops.Select(hop => hop with { Nodes = [.. hop.Nodes.Select(node => node with { Name = nameOf(node.Address) })] })],
    };

    /// <summary>The trace of these flows.</summary>
    public static TraceEvidence Of(params string[] flows)
    {
        var met = flows.Select(flow => flow.Split(' ').Select(word => word is "*" ? [] : word.Split('|')).ToArray()).ToArray();
        var longest = met.Max(flow => flow.Length);
        var reached = met.Where(flow => flow[^1] is [Target]).ToArray();
        return new TraceEvidence
        {
            Target = "example.net",
            Address = Target,
            Protocol = ProbeProtocol.Udp,
            Port = 33434,
            Source = "10.0.0.2",
            Size = 60,
            Reached = reached.Length > 0,
            ReachedTtl = reached.Length > 0 ? reached.Min(flow => flow.Length) : null,
            StopReason = reached.Length > 0 ? StopReason.Target : StopReason.MaxTtl,
            Hops = [.. Enumerable.Range(0, longest).Select(i => Hop(met, i))],
            Flows = [.. met.Select((flow, i) => new FlowEvidence
            {
                Id = i + 1, Kind = FlowKind.Ports, SourcePort = 40001 + i, DestinationPort = 33434, Reached = flow[^1] is [Target],
                Sent = flow.Length * Probes, Received = flow.Count(hop => hop.Length > 0) * Probes,
            })],
            Links = [.. Enumerable.Range(0, longest - 1).SelectMany(i => Links(met, i))],
        };
    }

    private static HopEvidence Hop(string[][][] met, int i)
    {
        var here = met.Where(flow => flow.Length > i).ToArray();
        var answered = here.Count(flow => flow[i].Length > 0);

        // What no later hop of any flow answers is lost; the rest kept silent.
        var lost = here.Count(flow => flow[i..].All(hop => hop.Length == 0)) / (double)here.Length;
        return new HopEvidence
        {
            Ttl = i + 1,
            Sent = here.Length * Probes,
            Received = answered * Probes,
            Loss = lost,
            RateLimited = 1 - answered / (double)here.Length - lost,
            Nodes = [.. here.SelectMany(flow => flow[i]).Distinct().Select(address => Node(met, i, address))],
        };
    }

    private static NodeEvidence Node(string[][][] met, int i, string address)
    {
        var mine = Enumerable.Range(0, met.Length).Where(flow => met[flow].Length > i && met[flow][i].Contains(address, StringComparer.Ordinal)).ToArray();
        var shared = mine.Any(flow => met[flow][i].Length > 1);
        var next = mine.Where(flow => met[flow].Length > i + 1).SelectMany(flow => met[flow][i + 1]).Distinct().Count();
        var received = mine.Sum(flow => Probes / met[flow][i].Length);
        var target = address is Target;
        return new NodeEvidence
        {
            Address = address,
            Sent = shared ? null : received,
            Received = received,
            Loss = shared ? null : 0,
            RttNs = new RttEvidence { Min = 301_499, Avg = 1_000_500 + i * 2_000_000, Max = 12_345_678, Stddev = 1_234_567, Jitter = 7, P50 = 1_000_000, P99 = 12_000_000, Last = 400_000 },
            Flows = [.. mine.Select(flow => flow + 1)],
            Balancing = next == 0 ? NodeBalancing.Unknown : mine.Any(flow => met[flow].Length > i + 1 && met[flow][i + 1].Length > 1) ? NodeBalancing.PerPacket : next == 1 ? NodeBalancing.Single : NodeBalancing.PerFlow,
            Replies = [new ReplyEvidence { Kind = target ? ReplyKind.PortUnreachable : ReplyKind.TimeExceeded, Type = target ? 3 : 11, Code = target ? 3 : 0, Count = received }],
        };
    }

    private static IEnumerable<LinkEvidence> Links(string[][][] met, int i) =>
        Enumerable.Range(0, met.Length)
            .Where(flow => met[flow].Length > i + 1 && met[flow][i].Length <= 1 && met[flow][i + 1].Length <= 1 && met[flow][i].Length + met[flow][i + 1].Length > 0)
            .GroupBy(flow => (From: met[flow][i].FirstOrDefault(), To: met[flow][i + 1].FirstOrDefault()))
            .Select(link => new LinkEvidence
            {
                Ttl = i + 1, From = link.Key.From, To = link.Key.To, Flows = [.. link.Select(flow => flow + 1)],
                Sent = link.Count() * Probes, Received = link.Key.To is null ? 0 : link.Count() * Probes, Loss = link.Key.To is null ? 1 : 0,
            });
}
