using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using System.Text;
using Probe.Core.Evidence;
using Probe.Core.Packets;
using Probe.Lab.Instruments;
using Probe.Lab.Networks;

namespace Probe.Bench;

/// <summary>
/// Runs inside the client's namespace, so that no program pays for getting there: every program once a round, one after the other, so that
/// whatever else the machine does hits all alike. Prints Markdown.
/// </summary>
internal static partial class Contest
{
    private const int Hops = 9;
    private const int RssRounds = 3;

    public static int Run(string router, string root, int rounds)
    {
        var target4 = LinuxLine.Hop(Hops, v6: false).ToString();
        var target6 = LinuxLine.Hop(Hops, v6: true).ToString();
        var probe = Shipped(root);
        using var lab = new KernelLab();
        Console.Write(Table("ICMP, one probe per hop", router, lab, rounds,
        [
            new("probe trace -n -c 1", probe, "trace", "-n", "-c", "1", target4),
            new("./probe trace -n -c 1 (with its launcher)", Path.Combine(root, "probe"), "trace", "-n", "-c", "1", target4),
            new("mtr -r -n -c 1", "mtr", "-r", "-n", "-c", "1", target4) { Most = 3 },
            new("mtr -r -n -c 1 -i 0.01 -G 0.1", "mtr", "-r", "-n", "-c", "1", "-i", "0.01", "-G", "0.1", target4),
            new("traceroute -I -n -q 1 -N 32", "traceroute", "-I", "-n", "-q", "1", "-N", "32", target4),
            new("scamper trace -P icmp-paris", "scamper", "-I", "trace -P icmp-paris " + target4),
            new("scamper -p 1000 trace -P icmp-paris", "scamper", "-p", "1000", "-I", "trace -P icmp-paris " + target4),
        ]));
        Console.Write(Table("UDP, one probe per hop", router, lab, rounds,
        [
            new("probe trace -n -c 1 --udp", probe, "trace", "-n", "-c", "1", "--udp", target4),
            new("mtr -u -r -n -c 1 -i 0.01 -G 0.1", "mtr", "-u", "-r", "-n", "-c", "1", "-i", "0.01", "-G", "0.1", target4),
            new("traceroute -n -q 1 -N 32", "traceroute", "-n", "-q", "1", "-N", "32", target4),
            new("scamper -p 1000 trace -P udp-paris", "scamper", "-p", "1000", "-I", "trace -P udp-paris " + target4),
            new("tracepath -n", "tracepath", "-n", target4),
        ]));
        Console.Write(Table("TCP, one probe per hop", router, lab, rounds,
        [
            new("probe trace -n -c 1 --tcp", probe, "trace", "-n", "-c", "1", "--tcp", target4),
            new("mtr -T -r -n -c 1 -i 0.01 -G 0.1", "mtr", "-T", "-r", "-n", "-c", "1", "-i", "0.01", "-G", "0.1", target4),
            new("traceroute -T -n -q 1 -N 32", "traceroute", "-T", "-n", "-q", "1", "-N", "32", target4),
            new("scamper -p 1000 trace -P tcp", "scamper", "-p", "1000", "-I", "trace -P tcp " + target4),
        ]));
        Console.Write(Table("IPv6, one probe per hop", router, lab, rounds,
        [
            new("probe trace -n -c 1", probe, "trace", "-n", "-c", "1", target6),
            new("probe trace -n -c 1 --udp", probe, "trace", "-n", "-c", "1", "--udp", target6),
            new("probe trace -n -c 1 --tcp", probe, "trace", "-n", "-c", "1", "--tcp", target6),
            new("mtr -r -n -c 1 -i 0.01 -G 0.1", "mtr", "-r", "-n", "-c", "1", "-i", "0.01", "-G", "0.1", target6),
            new("traceroute -n -q 1 -N 32", "traceroute", "-n", "-q", "1", "-N", "32", target6),
            new("traceroute -T -n -q 1 -N 32", "traceroute", "-T", "-n", "-q", "1", "-N", "32", target6),
            new("tracepath -n", "tracepath", "-n", target6),
        ]));
        Console.Write(Table("Ten cycles, 100 ms apart", router, lab, Math.Min(rounds, 5),
        [
            new("probe trace -n -c 10 -i 100ms", probe, "trace", "-n", "-c", "10", "-i", "100ms", target4),
            new("mtr -r -n -c 10 -i 0.1 -G 0.1", "mtr", "-r", "-n", "-c", "10", "-i", "0.1", "-G", "0.1", target4),
        ]));
        Console.Write(Table("Start-up", router, lab, rounds,
        [
            new("probe --version", probe, "--version"),
            new("./probe --version (with its launcher)", Path.Combine(root, "probe"), "--version"),
            new("mtr --version", "mtr", "--version"),
            new("traceroute --version", "traceroute", "--version"),
        ]));
        Console.Write(ProbingTime(probe, rounds));
        Console.Write(Agreement(probe, target4));
        return 0;
    }

    /// <summary>Distinct hops of the line that an output shows on lines that begin with a number, as all these programs' hop lines do.</summary>
    public static int HopsIn(string output) => output.Split('\n')
        .Select(line => HopLine().Match(line)).Where(match => match.Success)
        .Select(match => match.Groups["hop"].Value).Distinct(StringComparer.Ordinal).Count();

    /// <summary>True when one of these lines shows this hop of the line.</summary>
    public static bool Shows(string output, int hop) => output.Split('\n')
        .Select(line => HopLine().Match(line)).Any(match => match.Success && match.Groups["hop"].Value == hop.ToString(CultureInfo.InvariantCulture));

    /// <summary>The program as the launcher built it.</summary>
    public static string Shipped(string root)
    {
        var home = Path.Combine(root, "artifacts", "launcher");
        return Path.Combine(home, File.ReadAllLines(Path.Combine(home, "current"))[2], "probe");
    }

    private static string Table(string title, string router, KernelLab lab, int rounds, Entrant[] entrants)
    {
        // Two packets of every size and family: neither file cache nor neighbours are anybody's merit.
        foreach (var entrant in entrants)
        {
            Execute(entrant.Program, entrant.Arguments);
        }

        for (var round = 0; round < rounds; round++)
        {
            foreach (var entrant in entrants.Where(entrant => round < entrant.Most))
            {
                using var counter = new PacketCounter(lab, router, "prerouting", "ip daddr 10.9.9.2", "ip6 daddr fd09:9::2");
                var cpu = ChildUsage.Cpu;
                var clock = Stopwatch.StartNew();
                var output = Execute(entrant.Program, entrant.Arguments);
                clock.Stop();
                entrant.Add(clock.Elapsed, ChildUsage.Cpu - cpu, HopsIn(output), () => counter.Packets);
            }
        }

        foreach (var entrant in entrants)
        {
            entrant.Rss = Median(Enumerable.Range(0, RssRounds).Select(_ => Rss(entrant)));
        }

        var first = entrants[0];
        var table = new MarkdownTable("command", "runs", "wall ms", "CPU ms", "RSS MB", "packets", "hops", "wall ÷ probe's", "CPU ÷ probe's");
        foreach (var entrant in entrants)
        {
            table.Add($"`{entrant.Name}`", $"{entrant.Runs}", $"{entrant.Wall:0.0}", $"{entrant.Cpu:0.0}", $"{entrant.Rss:0.0}", $"{entrant.Packets:0}",
                $"{entrant.Hops:0}", $"{entrant.Wall / first.Wall:0.00}", $"{entrant.Cpu / first.Cpu:0.00}");
        }

        return $"## {title}\n\n{table}\n";
    }

    private static string ProbingTime(string probe, int rounds)
    {
        var table = new MarkdownTable("probe trace -n -c 1", "runs", "median ms", "best ms", "worst ms");
        foreach (var (name, option, v6) in new[]
        {
            ("ICMP", "--icmp", false), ("UDP", "--udp", false), ("TCP", "--tcp", false), ("ICMPv6", "--icmp", true), ("UDP, IPv6", "--udp", true), ("TCP, IPv6", "--tcp", true),
        })
        {
            var times = Enumerable.Range(0, rounds).Select(_ =>
            {
                var probes = Trace(probe, option, "-c", "1", LinuxLine.Hop(Hops, v6).ToString()).Probes!;
                var answered = probes.Where(one => one.RttNs is not null).ToList();
                var took = answered.Max(one => one.SentNs + one.RttNs!.Value) - probes.Min(one => one.SentNs);
                return (took - 3 * answered.Max(one => one.RttNs!.Value)) / 1e6;
            }).Order().ToList();
            table.Add(name, $"{rounds}", $"{Median(times):0.0}", $"{times[0]:0.0}", $"{times[^1]:0.0}");
        }

        return $"## Probing time beyond three round trips\n\nFrom the first probe sent to the last answer, less three times the largest round trip.\n\n{table}\n";
    }

    private static string Agreement(string probe, string target)
    {
        var table = new MarkdownTable("probe trace -n -c 14 -i 100ms", "probes", "median µs", "p90 µs", "max µs");
        foreach (var option in new[] { "--icmp", "--udp", "--tcp" })
        {
            var file = Path.GetTempFileName();
            try
            {
                using var tcpdump = Start("tcpdump", "-i", "east", "-n", "-s", "256", "-U", "--immediate-mode", "--time-stamp-precision=nano", "-Z", "root", "-w", file, "ip");
                while (tcpdump.StandardError.ReadLine() is { } said && !said.Contains("listening on", StringComparison.Ordinal))
                {
                    // Warnings come first.
                }

                var trace = Trace(probe, option, "-c", "14", "-i", "100ms", target);
                Thread.Sleep(100);
                Execute("sh", ["-c", $"kill -INT {tcpdump.Id}"]);
                tcpdump.WaitForExit();
                var differences = CapturedRtts.Differences(trace, IpAddress.Parse(target), File.ReadAllBytes(file)).Order().Select(ns => ns / 1e3).ToList();
                table.Add(option, $"{differences.Count}", $"{Median(differences):0.0}", $"{differences[differences.Count * 9 / 10]:0.0}", $"{differences[^1]:0.0}");
            }
            finally
            {
                File.Delete(file);
            }
        }

        return $"## Round-trip times against tcpdump's stamps of the same packets\n\n{table}\n";
    }

    private static TraceEvidence Trace(string probe, params string[] arguments)
    {
        var json = Execute(probe, ["trace", "-n", "--json", .. arguments]);
        return EvidenceJson.TryRead(Encoding.UTF8.GetBytes(json), out var bundle, out var error) ? bundle.Traces![0] : throw new InvalidDataException(error);
    }

    private static double Rss(Entrant entrant)
    {
        // GNU time is small: a child started by this process would show this process's own memory (the peak survives exec).
        const string Time = "/usr/bin/time";
        if (!File.Exists(Time))
        {
            return double.NaN;
        }

        using var process = Start(Time, ["-f", "%M", entrant.Program, .. entrant.Arguments]);
        var error = process.StandardError.ReadToEndAsync();
        process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return double.Parse(error.Result.TrimEnd().Split('\n')[^1], CultureInfo.InvariantCulture) / 1024;
    }

    internal static string Execute(string program, IReadOnlyList<string> arguments)
    {
        using var process = Start(program, [.. arguments]);
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"{program}: status {process.ExitCode}\n{output}{error.Result}");
    }

    private static Process Start(string program, params string[] arguments) =>
        Process.Start(new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true })!;

    internal static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return sorted.Count == 0 ? double.NaN : sorted[sorted.Count / 2];
    }

    [GeneratedRegex(@"^\s*\d+[ .:?].*\b(10\.9\.(?<hop>\d+)\.2|fd09:(?<hop>\d+)::2)\b", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex HopLine();

    private sealed class Entrant(string name, string program, params string[] arguments)
    {
        private readonly List<(double Wall, double Cpu, double Hops, double Packets)> _runs = [];

        public string Name { get; } = name;

        public string Program { get; } = program;

        public string[] Arguments { get; } = arguments;

        /// <summary>Runs at most, for one that takes seconds by design.</summary>
        public int Most { get; init; } = int.MaxValue;

        public double Rss { get; set; }

        public int Runs => _runs.Count;

        public double Wall => Median(_runs.Select(run => run.Wall));

        public double Cpu => Median(_runs.Select(run => run.Cpu));

        public double Hops => Median(_runs.Select(run => run.Hops));

        public double Packets => Median(_runs.Select(run => run.Packets));

        public void Add(TimeSpan wall, TimeSpan cpu, int hops, Func<long> packets) =>
            _runs.Add((wall.TotalMilliseconds, cpu.TotalMilliseconds, hops, packets()));
    }
}
