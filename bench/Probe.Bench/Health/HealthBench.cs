using System.Globalization;
using System.Text;
using Probe.Lab.Networks;

namespace Probe.Bench.Health;

/// <summary>Checkers side by side in a namespace whose peer has 10,000 addresses behind one listener. Writes Markdown.</summary>
internal sealed class HealthBench(KernelLab lab, CheckNetwork network, string folder, int rounds)
{
    private const int Targets = 10_000;
    private const int Seconds = 2;

    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(5);

    private readonly StringBuilder _document = new();

    /// <summary>Everything, into <c>bench/results/health.md</c>.</summary>
    public static int Run(string root, int rounds) => With(rounds, bench => File.WriteAllText(ResultFile(root, "health.md"), bench.Document(root)));

    /// <summary>The black holes alone, for as many checks as a night has, into <c>bench/results/health-nightly.md</c>.</summary>
    public static int RunNightly(string root) => With(rounds: 1, bench =>
    {
        bench.Section($"""
            # The nightly run: black holes

            `bench/health --nightly`: half-open checks of 10,000 targets, half of which disappear in a black hole, until each row has five million checks and more. A black hole that
            is ever up, or an open target that counts as down, would stand in the second or third column; late is what the checker says of itself.

            {bench.BlackHoles(nightly: true)}
            """);
        bench.Section(Machine());
        File.WriteAllText(ResultFile(root, "health-nightly.md"), bench._document.ToString().TrimEnd() + "\n");
    });

    /// <summary>The paced runs alone, on the terminal: what to look at while one works on lateness.</summary>
    public static int RunPaced(string root, int rounds) => With(rounds, bench => Console.Write(bench.Paced(bench.Checkers(root).Paced)));

    private static int With(int rounds, Action<HealthBench> run)
    {
        var folder = Directory.CreateTempSubdirectory("probe-health");
        try
        {
            using var lab = new KernelLab();
            run(new HealthBench(lab, CheckNetwork.Build(lab), folder.FullName, rounds));
            return 0;
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static string ResultFile(string root, string name) => Path.Combine(Directory.CreateDirectory(Path.Combine(root, "bench", "results")).FullName, name);

    private (Entrant[][] Busy, Entrant[] Paced) Checkers(string root)
    {
        var (epoll, raw) = (Compile(root, "epoll_reference"), Compile(root, "raw_reference"));
        // An engine more is a line more; each is measured against the first of its group.
        Entrant[][] busy =
        [
            [new("C epoll, 1 thread", [epoll, "1"]), new("probe, sockets, 1 thread", [.. Ours("sockets"), "1"]), new("probe, raw, 1 thread", [.. Ours("raw"), "1"])],
            [new("C epoll, 2 threads", [epoll, "2"]), new("probe, sockets, 2 threads", [.. Ours("sockets"), "2"]), new("probe, raw, 2 threads", [.. Ours("raw"), "2"])],
            [new("C raw, 1 thread", [raw, "1"]), new("probe, raw, 1 thread", [.. Ours("raw"), "1"]), new("probe, raw, transmit stamps, 1 thread", [.. Ours("raw-stamped"), "1"])],
            [new("C raw, 2 threads", [raw, "2"]), new("probe, raw, 2 threads", [.. Ours("raw"), "2"])],
        ];
        return (busy, [new("C epoll", [epoll, "1"]), new("probe, sockets", [.. Ours("sockets"), "1"]), new("C raw", [raw, "1"]), new("probe, raw", [.. Ours("raw"), "1"])]);
    }

    private static string[] Ours(string engine) => [Environment.ProcessPath!, EngineLoad.Name, engine];

    private string Document(string root)
    {
        var (busy, paced) = Checkers(root);
        Section($"""
            # Half-open checks, side by side

            A client and a server in two network namespaces of one machine; 10,000 addresses of the server's answer through one listener that accepts whatever
            reaches it. The peer's kernel works on the same cores and counts as CPU of the checker. The programs take turns within each round; ratios are those of
            runs that followed each other, their interval from the second smallest to the second largest (96 % of nine; all of fewer).
            The C programs (`epoll_reference.c` and `raw_reference.c` in `bench/Probe.Bench/Health`) make the fewest calls that a half-open check needs.

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
        Section($"## Half the targets disappear in a black hole\n\n{BlackHoles(nightly: false)}\n");
        Section($"## HAProxy\n\n{HaProxy.Run(lab, network, folder)}");
        return _document.ToString().TrimEnd() + "\n";
    }

    private string Compile(string root, string name)
    {
        var program = Path.Combine(folder, name);
        lab.Run(network.Client, s_limit, "gcc", "-O2", "-o", program, Path.Combine(root, "bench", "Probe.Bench", "Health", name + ".c"), "-lpthread").MustSucceed();
        return program;
    }

    // Printed as it is measured: the whole takes minutes.
    private void Section(string text)
    {
        text = text.TrimEnd() + "\n\n";
        _document.Append(text);
        Console.Write(text);
    }

    private string Busy(Entrant[][] groups)
    {
        var table = new MarkdownTable("checker", "runs", "checks/s", "÷ C", "interval", "CPU µs/check", "÷ C", "RSS MB", "p50 µs", "p99 µs", "p99.9 µs", "false verdicts", "accepted", "of them reported");
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
                    $"{entrant.Median("p99_us"):0}", $"{entrant.Median("p999_us"):0}", $"{entrant.Sum("timeouts") + entrant.Sum("errors"):0}", $"{entrant.Sum("accepted"):0}", Reported(entrant));
            }
        }

        return table.ToString();
    }

    private string Paced(Entrant[] entrants)
    {
        var table = new MarkdownTable("checker", "runs", "CPU %", "÷ C", "interval", "RSS MB", "p50 µs", "p99 µs", "lateness p99 µs", "gen-0 collections", "false verdicts", "accepted", "of them reported");
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
                $"{entrant.Sum("accepted"):0}", Reported(entrant));
        }

        return table.ToString();
    }

    private string BlackHoles(bool nightly)
    {
        var table = new MarkdownTable("probe", "checks", "black holes up", "open targets down", "late", "accepted", "of them reported");
        foreach (var (engine, timeout) in new[] { ("sockets", "5"), ("sockets", "20"), ("raw", "5"), ("raw", "20") })
        {
            var checks = 0.0;
            var entrant = new Entrant($"{engine}, timeout {timeout} ms", [.. Ours(engine), "1"]);
            do
            {
                Measure(entrant, "2000", nightly ? "60" : "5", $"{Targets}", timeout, "half");
                checks = entrant.Sum("checks");
            }
            while (nightly && checks < 5_000_000);

            table.Add(entrant.Name, $"{checks:0}", $"{entrant.Sum("false_up"):0}", $"{entrant.Sum("false_down"):0}", $"{entrant.Sum("late"):0}", $"{entrant.Sum("accepted"):0}", Reported(entrant));
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

    // Connections that the application saw because the checker was held up, as far as the checker knows of them.
    private static string Reported(Entrant entrant) => entrant.Runs[0].ContainsKey("escaped") ? $"{Math.Min(entrant.Sum("escaped"), entrant.Sum("accepted")):0}" : "–";

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
