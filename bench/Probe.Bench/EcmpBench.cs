using System.Diagnostics;
using System.Globalization;
using System.Text;
using Probe.Core.Evidence;
using Probe.Core.Packets;
using Probe.Lab.Instruments;
using Probe.Lab.Networks;

namespace Probe.Bench;

/// <summary>All paths of real Linux multipath routes: <c>probe trace --ecmp</c> beside scamper's <c>tracelb</c>, what each found and what it cost.</summary>
internal static class EcmpBench
{
    private const int SlowRounds = 3;
    private const double OnceIsEnoughMs = 15_000;
    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(300);

    /// <summary>Runs everything and returns Markdown.</summary>
    public static string Run(string root, int rounds)
    {
        var probe = Contest.Shipped(root);
        DiamondShape four = new(1, 1, 1, 1) { HasEntry = true, MergesInOneAddress = true };
        var sixteen = four with { Lengths = [.. Enumerable.Repeat(1, 16)] };
        DiamondShape unequal = new(1, 2, 3) { HasEntry = true };
        return $"""
            # All paths, beside scamper's tracelb

            `right` counts the runs that found every node and every link and nothing else; at 95 % per hop one run in twenty may miss a branch of a balanced router.
            Probing time is that from the first probe to the last answer; packets are those to the target that the first router sees.

            {Section("Four branches, 8 nodes, 10 links", four, v6: false, probe, rounds, [[], ["--confidence", "99"]], ["-W 15", ""])}
            {Section("Sixteen branches, 20 nodes, 34 links", sixteen, v6: false, probe, rounds, [[]], ["-W 15"])}
            {Section("Branches of one, two and three routers", unequal, v6: false, probe, rounds, [[], ["--tcp"]], ["-W 15 -P udp-sport", "-W 15 -P tcp-sport"])}
            {Section("Four branches over IPv6, transmit checksum offload on", four, v6: true, probe, rounds, [[]], ["-W 15"])}
            {Section("Four branches, stock ICMP limits", four with { Limits = IcmpLimits.Stock }, v6: false, probe, rounds: 1, [[]], ["-W 15"])}
            {Section("Sixteen branches, stock ICMP limits", sixteen with { Limits = IcmpLimits.Stock }, v6: false, probe, rounds: 1, [[]], [])}
            """;
    }

    private static string Section(string title, DiamondShape shape, bool v6, string probe, int rounds, string[][] probes, string[] peers)
    {
        using var lab = new KernelLab();
        var diamond = LinuxDiamond.Build(lab, seed: 7, shape);
        var target = LinuxDiamond.Target(v6).ToString();
        var table = new MarkdownTable("command", "runs", "probing ms", "wall ms", "packets", "right");
        var said = new StringBuilder();
        foreach (var options in probes)
        {
            string[] arguments = ["trace", "-n", "--ecmp", .. options, target];
            var runs = Enumerable.Range(0, rounds).Select(_ => Measure(diamond, v6, probe, [.. arguments, "--json"])).ToList();
            var traces = runs.ConvertAll(run => EvidenceJson.TryRead(Encoding.UTF8.GetBytes(run.Result.Output), out var bundle, out var error)
                ? bundle.Traces![0] : throw new InvalidDataException($"{error}\n{run.Result}"));
            var right = traces.Count(trace => IsRight(diamond, v6, trace));
            table.Add($"`probe {string.Join(' ', arguments)}`", $"{rounds}", Number(Contest.Median(traces.Select(ProbingMs))), Number(Contest.Median(runs.Select(run => run.Ms))),
                Number(Contest.Median(runs.Select(run => (double)run.Packets))), $"{right}");
        }

        foreach (var options in peers)
        {
            var command = $"tracelb {options} {target}".Replace("  ", " ", StringComparison.Ordinal);
            var runs = new List<(double Ms, long Packets, LabResult Result)>();

            // What takes minutes says the same again the second time.
            while (runs.Count < Math.Min(rounds, SlowRounds) && runs.All(run => run.Ms < OnceIsEnoughMs))
            {
                runs.Add(Measure(diamond, v6, "timeout", "240", "scamper", "-p", "1000", "-I", command));
            }

            table.Add($"`scamper -p 1000 -I \"{command}\"`", $"{runs.Count}", "", Number(Contest.Median(runs.Select(run => run.Ms))),
                Number(Contest.Median(runs.Select(run => (double)run.Packets))), "see below");
            said.Append($"\n`{command}`:\n\n```\n{(runs[^1].Result.Output.Trim() is { Length: > 0 } text ? text : $"(no output, status {runs[^1].Result.Status})")}\n```\n");
        }

        Console.Error.WriteLine($"{title}\n\n{table}");
        return $"## {title}\n\n{table}{said}";
    }

    private static (double Ms, long Packets, LabResult Result) Measure(LinuxDiamond diamond, bool v6, string program, params string[] arguments)
    {
        using var counter = new PacketCounter(diamond.Lab, diamond.FirstRouter, "prerouting", $"{(v6 ? "ip6" : "ip")} daddr {LinuxDiamond.Target(v6)}");
        var begun = Stopwatch.GetTimestamp();
        var result = diamond.Lab.Run(diamond.Client, s_longest, program, arguments);
        return (Stopwatch.GetElapsedTime(begun).TotalMilliseconds, counter.Packets, result);
    }

    private static double ProbingMs(TraceEvidence trace) =>
        (trace.Probes!.Max(probe => probe.SentNs + (probe.RttNs ?? 0)) - trace.Probes!.Min(probe => probe.SentNs)) / 1e6;

    private static bool IsRight(LinuxDiamond diamond, bool v6, TraceEvidence trace)
    {
        var (nodes, links) = diamond.Truth(v6);
        return nodes.SetEquals(trace.Hops.SelectMany(hop => hop.Nodes.Select(node => (hop.Ttl, IpAddress.Parse(node.Address)))))
            && trace.Links.All(link => link is { From: not null, To: not null })
            && links.SetEquals(trace.Links.Select(link => (link.Ttl, IpAddress.Parse(link.From!), IpAddress.Parse(link.To!))));
    }

    private static string Number(double value) => value.ToString(value < 100 ? "0.0" : "0", CultureInfo.InvariantCulture);
}
