using System.Globalization;
using System.Text;
using Probe.Lab.Kernel;

namespace Probe.Bench.Health;

/// <summary>Checkers side by side in a namespace whose peer has 10,000 addresses behind one listener. Writes Markdown.</summary>
internal sealed class HealthBench(KernelLab lab, CheckNetwork network, string folder, int rounds)
{
    private const int Targets = 10_000;
    private const int Seconds = 2;

    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(5);

    private readonly StringBuilder _document = new();

    public static int Run(string root, int rounds, bool nightly)
    {
        var results = Directory.CreateDirectory(Path.Combine(root, "bench", "results")).FullName;
        var folder = Directory.CreateTempSubdirectory("probe-health");
        try
        {
            using var lab = new KernelLab();
            var bench = new HealthBench(lab, CheckNetwork.Build(lab), folder.FullName, rounds);
            File.WriteAllText(Path.Combine(results, "health.md"), bench.Document(root, nightly));
            return 0;
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private string Document(string root, bool nightly)
    {
        var reference = Path.Combine(folder, "epoll_reference");
        lab.Run(network.Client, s_limit, "gcc", "-O2", "-o", reference, Path.Combine(root, "bench", "Probe.Bench", "Health", "epoll_reference.c"), "-lpthread").MustSucceed();
        string[] c = [reference];
        string[] ours = [Environment.ProcessPath!, SocketLoad.Name];

        // An engine more is a line more; each is measured against the first of its group.
        Entrant[][] busy =
        [
            [new("C epoll, 1 thread", [.. c, "1"]), new("probe, sockets, 1 thread", [.. ours, "1"])],
            [new("C epoll, 2 threads", [.. c, "2"]), new("probe, sockets, 2 threads", [.. ours, "2"])],
        ];
        Entrant[] paced = [new("C epoll", [.. c, "1"]), new("probe, sockets", [.. ours, "1"])];
        Section($"""
            # Half-open checks, side by side

            A client and a server in two network namespaces of one machine; 10,000 addresses of the server's answer through one listener that accepts whatever
            reaches it. The peer's kernel works on the same cores and counts as CPU of the checker. The programs take turns within each round; ratios are those of
            runs that followed each other, their interval from the second smallest to the second largest (96 % of nine; all of fewer).
            The C program (`bench/Probe.Bench/Health/epoll_reference.c`) makes the fewest calls that a half-open check needs.

            {Machine()}

            """);
        Section($"""
            ## As fast as they go

            1,000 checks in flight, {Seconds} s a run, timeout 1 s, every target open; a new check for each that ends.

            {Busy(busy)}
            """);
        Section($"""
            ## 10,000 targets, each once a second

            {Math.Max(5, Seconds)} s a run. Lateness is how much later than planned a check was begun.

            {Paced(paced)}
            """);
        Section($"## Half the targets disappear in a black hole\n\n{BlackHoles(ours, nightly)}\n");
        Section($"## HAProxy\n\n{HaProxy.Run(lab, network, folder)}");
        return _document.ToString();
    }

    // Printed as it is measured: the whole takes minutes.
    private void Section(string text)
    {
        _document.Append(text);
        Console.Write(text);
    }

    private string Busy(Entrant[][] groups)
    {
        var table = new MarkdownTable("checker", "runs", "checks/s", "÷ C", "interval", "CPU µs/check", "÷ C", "RSS MB", "p50 µs", "p99 µs", "p99.9 µs", "false verdicts", "accepted");
        for (var round = 0; round < rounds; round++)
        {
            foreach (var entrant in groups.SelectMany(group => group))
            {
                Measure(entrant, "1000", $"{Seconds}", $"{Targets}", "1000", "all");
            }
        }

        foreach (var group in groups)
        {
            foreach (var entrant in group)
            {
                var rate = Ratios.Of(entrant.All("rate"), group[0].All("rate"));
                table.Add(entrant.Name, $"{entrant.Runs.Count}", $"{entrant.Median("rate"):0}", $"{rate.Median:0.00}", $"{rate.Low:0.00}–{rate.High:0.00}", $"{entrant.Median("cpu_us"):0.0}",
                    $"{Ratios.Of(entrant.All("cpu_us"), group[0].All("cpu_us")).Median:0.00}", $"{entrant.Median("rss_kb") / 1024:0.0}", $"{entrant.Median("p50_us"):0}",
                    $"{entrant.Median("p99_us"):0}", $"{entrant.Median("p999_us"):0}", $"{entrant.Sum("timeouts") + entrant.Sum("errors"):0}", $"{entrant.Sum("accepted"):0}");
            }
        }

        return table.ToString();
    }

    private string Paced(Entrant[] entrants)
    {
        var table = new MarkdownTable("checker", "runs", "CPU %", "÷ C", "interval", "RSS MB", "p50 µs", "p99 µs", "lateness p99 µs", "gen-0 collections", "false verdicts", "accepted");
        for (var round = 0; round < Math.Min(rounds, 5); round++)
        {
            foreach (var entrant in entrants)
            {
                Measure(entrant, "1000", $"{Math.Max(5, Seconds)}", $"{Targets}", "1000", "paced");
            }
        }

        foreach (var entrant in entrants)
        {
            var cpu = Ratios.Of(entrant.All("cpu_us"), entrants[0].All("cpu_us"));
            table.Add(entrant.Name, $"{entrant.Runs.Count}", $"{entrant.Median("cpu") * 100:0.0}", $"{cpu.Median:0.00}", $"{cpu.Low:0.00}–{cpu.High:0.00}", $"{entrant.Median("rss_kb") / 1024:0.0}",
                $"{entrant.Median("p50_us"):0}", $"{entrant.Median("p99_us"):0}", $"{entrant.Median("late99_us"):0}", $"{entrant.Sum("gen0"):0}", $"{entrant.Sum("timeouts") + entrant.Sum("errors"):0}",
                $"{entrant.Sum("accepted"):0}");
        }

        return table.ToString();
    }

    private string BlackHoles(string[] program, bool nightly)
    {
        var table = new MarkdownTable("probe, sockets", "checks", "black holes up", "open targets down", "late", "accepted");
        foreach (var timeout in new[] { "5", "20" })
        {
            var checks = 0.0;
            var entrant = new Entrant($"timeout {timeout} ms", [.. program, "1"]);
            do
            {
                Measure(entrant, "2000", nightly ? "60" : "5", $"{Targets}", timeout, "half");
                checks = entrant.Sum("checks");
            }
            while (nightly && checks < 5_000_000);

            table.Add(entrant.Name, $"{checks:0}", $"{entrant.Sum("false_up"):0}", $"{entrant.Sum("false_down"):0}", $"{entrant.Sum("late"):0}", $"{entrant.Sum("accepted"):0}");
        }

        return table.ToString();
    }

    private void Measure(Entrant entrant, params string[] arguments)
    {
        using var listener = new CheckedListener(network.Server);
        var said = lab.Run(network.Client, s_limit, entrant.Command[0], [.. entrant.Command[1..], .. arguments]).MustSucceed().Output;
        var run = said.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(field => field.Split('='))
            .ToDictionary(field => field[0], field => double.Parse(field[1], CultureInfo.InvariantCulture), StringComparer.Ordinal);
        run["accepted"] = listener.Accepted;
        entrant.Runs.Add(run);
    }

    private static string Machine()
    {
        var load = File.ReadAllText("/proc/loadavg").Split(' ')[0];
        return $"Linux {File.ReadAllText("/proc/sys/kernel/osrelease").Split('-')[0].Trim()}, {Environment.ProcessorCount} cores, .NET {Environment.Version}, load {load} before.";
    }

    private sealed record Entrant(string Name, string[] Command)
    {
        public List<Dictionary<string, double>> Runs { get; } = [];

        public IReadOnlyList<double> All(string field) => [.. Runs.Select(run => run.GetValueOrDefault(field))];

        public double Median(string field) => Ratios.MedianOf(All(field));

        public double Sum(string field) => All(field).Sum();
    }
}
