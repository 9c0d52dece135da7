using System.Globalization;
using System.Text.RegularExpressions;
using Probe.Lab.Networks;

namespace Probe.Bench;

/// <summary>Builds the line, runs the contest in its client and the bad hops beside it, writes the results.</summary>
internal static partial class TraceBench
{
    private const int MostManyRounds = 5;

    public static int Run(string root, int rounds)
    {
        var results = Path.Combine(root, "bench", "results");
        Directory.CreateDirectory(results);
        using var lab = new KernelLab();
        var line = LinuxLine.Build(lab, 9);
        var contest = lab.Run(
            line.Client, TimeSpan.FromMinutes(20), Environment.ProcessPath!, "inside", line.Router(1), root, rounds.ToString(CultureInfo.InvariantCulture)).MustSucceed();
        var cells = BadHopCells.Run(line, root, results);
        var document = $"""
            # probe trace and its peers, side by side

            Nine hops of real Linux routers in network namespaces, ICMP limits off, round trips below 0.2 ms: what is measured is the programs' own time.
            Medians; the programs take turns within each round. Wall and CPU time are those of the whole process with all it starts; RSS is its peak,
            of the parent only for mtr (`mtr-packet` is a second process). Packets are those to the target that the first router sees, counted by nft.

            {Machine(lab)}

            {contest.Output}{cells}
            """.TrimEnd() + "\n";
        File.WriteAllText(Path.Combine(results, "trace.md"), document);
        Console.Write(document);
        RunMany(root, Math.Min(rounds, MostManyRounds));
        return RunPaths(root, rounds);
    }

    /// <summary>The search of all paths alone.</summary>
    public static int RunPaths(string root, int rounds) => Write(root, "ecmp.md", EcmpBench.Run(root, rounds));

    /// <summary>Path MTUs.</summary>
    public static int RunMtu(string root, int rounds) => Write(root, "mtu.md", MtuBench.Run(root, rounds));

    /// <summary>The many targets alone.</summary>
    public static int RunMany(string root, int rounds) => Write(root, "many.md", ManyTargetsBench.Run(root, rounds));

    private static int Write(string root, string file, string contest)
    {
        using var lab = new KernelLab();
        var document = $"{contest.TrimEnd()}\n\n{Machine(lab)}\n";
        File.WriteAllText(Path.Combine(root, "bench", "results", file), document);
        Console.Write(document);
        return 0;
    }

    private static string Machine(KernelLab lab)
    {
        var kernel = Digits().Match(File.ReadAllText("/proc/sys/kernel/osrelease")).Value;
        var system = File.ReadLines("/etc/os-release").FirstOrDefault(text => text.StartsWith("PRETTY_NAME=", StringComparison.Ordinal))?[12..].Trim('"');
        var load = File.ReadAllText("/proc/loadavg").Split(' ')[0];
        var versions = lab.Run(lab.AddNamespaces(1)[0], TimeSpan.FromSeconds(30), "sh", "-c", "mtr --version; traceroute --version 2>&1 | head -1; scamper -v 2>&1 | head -1; tracepath -V 2>&1").Output
            .Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(text => text.Trim());
        return $"{system}, Linux {kernel}, {Environment.ProcessorCount} cores, .NET {Environment.Version}, load {load} at the end. Peers: {string.Join("; ", versions)}.";
    }

    [GeneratedRegex(@"^[\d.]+", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Digits();
}
