using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using System.Text;
using Probe.Core.Evidence;
using Probe.Lab.Instruments;
using Probe.Lab.Networks;

namespace Probe.Bench;

/// <summary>The path MTU through real Linux routers: <c>probe mtu</c> beside the programs that come with a distribution, what each says and what it costs.</summary>
internal static partial class MtuBench
{
    private const int Hops = 4;
    private const int NarrowHop = 3;
    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(20);

    /// <summary>Runs everything and returns Markdown.</summary>
    public static string Run(string root, int rounds)
    {
        var probe = Contest.Shipped(root);
        return $"""
            # Path MTU, side by side

            A client, three Linux routers and a server in network namespaces; the link to hop {NarrowHop} is the narrow one. A silent path drops every fragmentation-needed at its
            router. `exact` is when, and after how many packets, `probe` knew the size (it goes on to tell a hole from loss by chance); packets are those to the target that the first router sees; wall
            times hold the start of the process. A program that has not ended after {s_longest.TotalSeconds:0} s is stopped.

            {Section("Nothing in the way: 1500", null, silent: false, v6: false, probe, rounds)}
            {Section("1400, signalled", 1400, silent: false, v6: false, probe, rounds)}
            {Section("1400, silent", 1400, silent: true, v6: false, probe, rounds)}
            {Section("1337, silent", 1337, silent: true, v6: false, probe, rounds)}
            {Section("1400 over IPv6, signalled", 1400, silent: false, v6: true, probe, rounds)}
            {Section("1400 over IPv6, silent", 1400, silent: true, v6: true, probe, rounds)}
            """;
    }

    private static string Section(string title, int? mtu, bool silent, bool v6, string probe, int rounds)
    {
        var table = new MarkdownTable("command", "runs", "says", "exact ms", "exact packets", "wall ms", "packets", "learned by the host");
        string[][] ours = [["mtu", "-n"], ["mtu", "-n", "--tcp", "-p", "80"]];
        string[][] peers =
        [
            ["tracepath", "-n"], ["tracepath", "-n", "-m", "5"], ["traceroute", "--mtu", "-n"],
            v6 ? [] : ["nmap", "-n", "-Pn", "-p", "80", "--script", "path-mtu"], ["scamper", "-I", "trace -M "],
        ];
        foreach (var arguments in ours)
        {
            var runs = Enumerable.Range(0, rounds).Select(_ => Measure(mtu, silent, v6, [probe, .. arguments, "--flows", "0", "--json"])).ToList();
            var paths = runs.ConvertAll(run => EvidenceJson.TryRead(Encoding.UTF8.GetBytes(run.Output), out var bundle, out var error)
                ? bundle.PathMtus![0] : throw new InvalidDataException($"{error}\n{run.Output}"));
            var says = string.Join("; ", paths.Select(path => $"{path.Mtu} {path.Verdict}".ToLowerInvariant()).GroupBy(said => said, StringComparer.Ordinal).Select(said => $"{said.Key} ×{said.Count()}"));
            table.Add($"`probe {string.Join(' ', arguments)}`", $"{rounds}", says, Number(Contest.Median(paths.Select(path => (path.ExactNs ?? path.DurationNs) / 1e6))),
                Number(Contest.Median(paths.Select(path => (double)(path.ExactSent ?? path.Sent)))),
                Number(Contest.Median(runs.Select(run => run.Ms))), Number(Contest.Median(runs.Select(run => (double)run.Packets))), runs.Exists(run => run.Learned) ? "yes" : "no");
        }

        foreach (var command in peers.Where(command => command.Length > 0))
        {
            var run = Measure(mtu, silent, v6, command);
            table.Add($"`{string.Join(' ', command).TrimEnd()}`", "1", run.Ended ? Said(run.Output) : $"{Said(run.Output)}, not ended", "–", "–", Number(run.Ms), $"{run.Packets}", run.Learned ? "yes" : "no");
        }

        return $"## {title}\n\n{table}";
    }

    // A network of its own for each run: what one program teaches the host must not reach the next.
    private static Measurement Measure(int? mtu, bool silent, bool v6, string[] command)
    {
        using var lab = new KernelLab();
        var line = LinuxLine.Build(lab, Hops);
        if (mtu is { } narrow)
        {
            line.Narrow(NarrowHop, narrow);
        }

        if (silent)
        {
            line.Silence();
        }

        var target = line.Target(v6).ToString();
        string[] whole = command is [.., "trace -M "] ? [.. command[..^1], command[^1] + target] : command is ["nmap", ..] && v6 ? [.. command, "-6", target] : [.. command, target];
        using var counter = new PacketCounter(lab, line.Router(1), "prerouting", v6 ? $"ip6 daddr {target}" : $"ip daddr {target}");
        var clock = Stopwatch.StartNew();
        var result = lab.Run(line.Client, s_longest + TimeSpan.FromSeconds(10), "timeout", [$"{s_longest.TotalSeconds:0}", .. whole]);
        return new Measurement(clock.Elapsed.TotalMilliseconds, counter.Packets, result.Output, result.Status != 124, NarrowLine.LearnedBy(lab, line.Client).Contains("mtu", StringComparison.Ordinal));
    }

    // What a reader of the output would take for the path MTU: the last number that stands by such a word.
    private static string Said(string output) =>
        Named().Matches(output) is { Count: > 0 } named ? named[^1].Value.Trim() : "nothing";

    private static string Number(double value) => value.ToString(value < 100 ? "0.0" : "0", CultureInfo.InvariantCulture);

    [GeneratedRegex(@"(pmtu \d+|F=\d+|PMTU[ =<>]+\d+|\d+ <= PMTU < \d+|mtu[:=]? ?\d+)", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Named();

    private sealed record Measurement(double Ms, long Packets, string Output, bool Ended, bool Learned);
}
