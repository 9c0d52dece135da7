using System.Diagnostics;
using System.Globalization;
using Probe.Lab.Networks;

namespace Probe.Bench;

/// <summary>Two builds of the program, turn by turn in one run on one machine: what a change costs in time, CPU and memory.</summary>
internal static class CompareBench
{
    private const int Hosts = 10_000;
    private const int Checks = 20_000;
    private const int Hops = 5;
    private const string Device = "pbfar";

    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(5);

    /// <summary>Measures and prints a table of ratios.</summary>
    /// <param name="root">The checkout of the change.</param>
    /// <param name="before">A checkout of the revision before it.</param>
    /// <param name="rounds">How often each command runs.</param>
    public static int Run(string root, string before, int rounds)
    {
        var folder = Directory.CreateTempSubdirectory("probe-bench").FullName;
        try
        {
            var services = Path.Combine(folder, "services");
            File.WriteAllLines(services, Enumerable.Range(1, Checks).Select(i => string.Create(CultureInfo.InvariantCulture, $"127.{i >> 16}.{i >> 8 & 255}.{i & 255}:9")));
            var hosts = Path.Combine(folder, "hosts");
            File.WriteAllLines(hosts, Enumerable.Range(0, Hosts).Select(i => string.Create(CultureInfo.InvariantCulture, $"10.64.{i >> 8 & 255}.{i & 255}")));
            using var lab = new KernelLab();
            var line = LinuxLine.Build(lab, Hops);
            var far = lab.AddNamespaces(1)[0];
            using var farSide = StartFarSide(lab, root, folder, far);
            string[] refused = ["-F", services, "--expect-state", "refused", "--rate", "max", "--csv"];
            (string Name, string Inside, string[] Arguments)[] commands =
            [
                ("trace, 20 cycles", line.Client, ["trace", "-n", "--report", "-c", "20", "-i", "20ms", $"{line.Target(v6: false)}"]),
                ("mtu", line.Client, ["mtu", "-n", "--tcp", "-p", "80", $"{line.Target(v6: false)}"]),
                ("check, 20,000 by sockets", line.Client, ["check", .. refused]),
                ("check, 20,000 raw", line.Client, ["check", .. refused, "--engine", "raw", "--allow-conntrack-fill"]),
                ("trace, 10,000 hosts", far, ["trace", "-n", "-F", hosts, "--ndjson", "--rate", "max"]),
            ];
            var table = new MarkdownTable("command (medians)", "rounds", "seconds before", "after", "before ÷ after", "CPU s before", "after", "before ÷ after", "MB before", "after");
            foreach (var (name, inside, arguments) in commands)
            {
                var (old, now) = (new List<Figures>(), new List<Figures>());
                for (var i = 0; i < rounds; i++)
                {
                    // Who goes first takes turns, too.
                    foreach (var isOld in i % 2 == 0 ? new[] { true, false } : [false, true])
                    {
                        (isOld ? old : now).Add(Measure(lab, inside, Contest.Shipped(isOld ? before : root), arguments));
                    }
                }

                Add(table, name, rounds, old, now);
            }

            Console.Write(table);
            return 0;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static LabProcess StartFarSide(KernelLab lab, string root, string folder, string inside)
    {
        var responder = Path.Combine(folder, "responder");
        Contest.Execute("cc", ["-O2", "-o", responder, Path.Combine(root, "bench", "native", "responder.c")]);
        var farSide = lab.Start(inside, responder, Device, "16");
        farSide.WaitFor("ready", s_limit);
        KernelLab.Ip([
            $"-n {inside} link set {Device} txqueuelen 20000 up", $"-n {inside} addr add 10.200.0.1/32 dev {Device}",
            $"-n {inside} route add 10.0.0.0/8 dev {Device}",
        ]);
        return farSide;
    }

    private static Figures Measure(KernelLab lab, string inside, string program, string[] arguments)
    {
        var begun = Stopwatch.GetTimestamp();
        var result = lab.Run(inside, s_limit, "/usr/bin/time", ["-f", "%U %S %M", program, .. arguments]);
        var seconds = Stopwatch.GetElapsedTime(begun).TotalSeconds;
        if (result.Status != 0)
        {
            throw new InvalidOperationException($"{string.Join(' ', arguments)}: status {result.Status}: {result.Error}");
        }

        var usage = result.ErrorLines[^1].Split(' ').Select(text => double.Parse(text, CultureInfo.InvariantCulture)).ToArray();
        return new Figures(seconds, usage[0] + usage[1], usage[2] / 1024);
    }

    private static void Add(MarkdownTable table, string name, int rounds, List<Figures> old, List<Figures> now)
    {
        var (seconds, nowSeconds) = (Median(old, run => run.Seconds), Median(now, run => run.Seconds));
        var (cpu, nowCpu) = (Median(old, run => run.Cpu), Median(now, run => run.Cpu));
        table.Add(
            name, $"{rounds}", $"{seconds:0.000}", $"{nowSeconds:0.000}", $"{seconds / nowSeconds:0.00}", $"{cpu:0.00}", $"{nowCpu:0.00}", $"{cpu / nowCpu:0.00}",
            $"{Median(old, run => run.Memory):0.0}", $"{Median(now, run => run.Memory):0.0}");
    }

    private static double Median(List<Figures> runs, Func<Figures, double> figure) => Contest.Median(runs.Select(figure));

    private readonly record struct Figures(double Seconds, double Cpu, double Memory);
}
