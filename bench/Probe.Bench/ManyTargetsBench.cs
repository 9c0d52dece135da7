using System.Globalization;
using System.Text;
using Probe.Core.Evidence;
using Probe.Lab.Networks;

namespace Probe.Bench;

/// <summary>
/// Ten thousand targets sixteen hops away behind a TUN device, at <c>--rate max</c>, beside the same packets sent by a C program with sendmmsg(2)
/// that keeps nothing of what comes back.
/// </summary>
internal static class ManyTargetsBench
{
    private const int Hosts = 10_000;
    private const int Hops = 16;
    private const string Device = "pbfar";
    private const string Source = "10.200.0.1";

    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(5);

    /// <summary>Runs both so many times, in turn; returns a section of Markdown.</summary>
    public static string Run(string root, int rounds)
    {
        var folder = Directory.CreateTempSubdirectory("probe-bench").FullName;
        try
        {
            var responder = Compile(root, folder, "responder");
            var reference = Compile(root, folder, "sendmmsg");
            var list = Path.Combine(folder, "hosts");
            File.WriteAllLines(list, Enumerable.Range(0, Hosts).Select(i => string.Create(CultureInfo.InvariantCulture, $"10.{64 + (i >> 16)}.{i >> 8 & 255}.{i & 255}")));
            using var lab = new KernelLab();
            var inside = lab.AddNamespaces(1)[0];
            using var farSide = lab.Start(inside, responder, Device, $"{Hops}");
            farSide.WaitFor("ready", s_limit);

            // Room for what both send while the far side is not running: the machine has two cores for three programs.
            KernelLab.Ip([
                $"-n {inside} link set {Device} txqueuelen 20000 up", $"-n {inside} addr add {Source}/32 dev {Device}", $"-n {inside} route add 10.0.0.0/8 dev {Device}",
            ]);
            var runs = Enumerable.Range(0, rounds).SelectMany(_ => new[] { Reference(lab, inside, reference), Probe(lab, inside, Contest.Shipped(root), list) }).ToList();
            return Describe(runs, rounds);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static string Compile(string root, string folder, string name)
    {
        var program = Path.Combine(folder, name);
        Contest.Execute("cc", ["-O2", "-o", program, Path.Combine(root, "bench", "native", name + ".c")]);
        return program;
    }

    private static Figures Reference(KernelLab lab, string inside, string program)
    {
        // GNU time is small: a child started by this process would show this process's own memory (the peak survives exec).
        var result = lab.Run(inside, s_limit, "/usr/bin/time", "-f", "%M", program, Source, $"{Hosts}", $"{Hops}").MustSucceed();
        var said = result.Output.Split(' ');
        double Value(string name) => double.Parse(said[Array.IndexOf(said, name) + 1], CultureInfo.InvariantCulture);
        return new Figures("C, sendmmsg", Value("seconds"), Value("sent"), Value("answers"), Value("lost"), Value("cpu"), double.Parse(result.ErrorLines[^1], CultureInfo.InvariantCulture) / 1024);
    }

    private static Figures Probe(KernelLab lab, string inside, string program, string list)
    {
        var result = lab.Run(inside, s_limit, "/usr/bin/time", "-f", "%U %S %M", program, "trace", "-n", "-F", list, "--ndjson", "--rate", "max");
        var lines = result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var last = lines[^1];
        if (!EvidenceJson.TryRead(Encoding.UTF8.GetBytes($"{{\"traces\":[{string.Join(',', lines[..^1])}],{last[1..]}"), out var bundle, out var error))
        {
            throw new InvalidDataException($"{error}\n{result.Error}");
        }

        // What was sent beyond a target is not in its hops: no merit and no fault.
        var hops = bundle.Traces!.SelectMany(trace => trace.Hops).ToList();
        var usage = result.ErrorLines[^1].Split(' ').Select(text => double.Parse(text, CultureInfo.InvariantCulture)).ToArray();
        return new Figures(
            "probe trace --ndjson", (bundle.Ended.UnixNs - bundle.Started.UnixNs) / 1e9, hops.Sum(hop => hop.Sent), hops.Sum(hop => hop.Received),
            bundle.Traces!.Max(trace => trace.LocalLost), usage[0] + usage[1], usage[2] / 1024);
    }

    private static string Describe(List<Figures> runs, int rounds)
    {
        var table = new MarkdownTable("program (medians)", "runs", "probes", "seconds", "probes/s", "unanswered", "lost here", "CPU s", "RSS MB");
        foreach (var group in runs.GroupBy(run => run.Name, StringComparer.Ordinal))
        {
            double Median(Func<Figures, double> figure) => Contest.Median(group.Select(figure));
            table.Add(group.Key, $"{rounds}", $"{Median(run => run.Sent):0}", $"{Median(run => run.Seconds):0.00}", $"{Median(run => run.Sent / run.Seconds):0}",
                $"{Median(run => run.Sent - run.Answers):0}", $"{Median(run => run.LostHere):0}", $"{Median(run => run.Cpu):0.0}", $"{Median(run => run.Rss):0}");
        }

        return $"""
            # {Hosts:N0} targets, {Hops} hops each, --rate max

            ICMP through a TUN device; the far side is a C program on the same cores. Seconds are from the first probe to the last answer. The C program sends
            prepared packets and counts what comes back; probe also matches, judges and prints every trace, with the kernel's stamps on both ends.

            {table}
            """;
    }

    private sealed record Figures(string Name, double Seconds, double Sent, double Answers, double LostHere, double Cpu, double Rss);
}
