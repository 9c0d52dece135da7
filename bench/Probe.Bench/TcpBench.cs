using System.Diagnostics;
using System.Globalization;
using Probe.Core.TcpTests;
using Probe.Core.Vocabulary;
using Probe.Lab.Networks;

namespace Probe.Bench;

/// <summary>How often the two incidents of established connections are told, and how often their healthy twins are taken for them. Writes Markdown.</summary>
internal static class TcpBench
{
    public static int Run(string root, int runs)
    {
        using var lab = new KernelLab();
        var late = new DirectorFaults { RouteMtu = 1480 };
        var merged = new DirectorFaults { LosesMerged = true };
        var table = new MarkdownTable("test and network", "wanted", "right", "median s");
        using (var broken = DirectorNet.Build(lab, late))
        using (var clear = DirectorNet.Build(lab, new DirectorFaults()))
        using (var cured = DirectorNet.Build(lab, late with { ClientRouteMtu = 1480 }))
        {
            Count(table, "--tcp-stall, route of 1480 behind 1500", runs, TcpStallVerdict.Stall, run => Stall(broken, run));
            Count(table, "--tcp-stall, healthy twin", runs, TcpStallVerdict.NotLearned, run => Stall(clear, run));
            Count(table, "--tcp-stall, cured by the client's route", runs, TcpStallVerdict.NotLearned, run => Stall(cured, run));
        }

        using (var broken = DirectorNet.Build(lab, merged))
        using (var healthy = DirectorNet.Build(lab, new DirectorFaults()))
        {
            Count(table, "--tcp-upload, merged segments lost", runs, TcpTransferVerdict.AggregationDependentLoss, _ => Upload(broken));
            Count(table, "--tcp-upload, healthy twin", runs, TcpTransferVerdict.Clean, _ => Upload(healthy));
            Count(table, "download, merged segments lost", runs, TcpTransferVerdict.AggregationDependentLoss, _ => Download(broken));
            Count(table, "download, healthy twin", runs, TcpTransferVerdict.Clean, _ => Download(healthy));
        }

        var results = Directory.CreateDirectory(Path.Combine(root, "bench", "results")).FullName;
        var text = string.Create(CultureInfo.InvariantCulture, $"# Tests over established connections, {runs} runs each\n\n{table}");
        File.WriteAllText(Path.Combine(results, "tcp.md"), text);
        Console.Write(text);
        return 0;
    }

    private static TcpStallVerdict Stall(DirectorNet net, int vip) => KernelLab.In(net.Client, () => TcpStall.Run(Options(vip))).Verdict;

    private static TcpTransferVerdict Upload(DirectorNet net) => KernelLab.In(net.Client, () => TcpTransfer.Upload(Options(1))).Verdict;

    private static TcpTransferVerdict Download(DirectorNet net) => KernelLab.In(net.Client, () => TcpTransfer.Download(Options(1))).Verdict;

    private static TcpTestOptions Options(int vip) => new() { To = new(new()) { Target = DirectorNet.Vip(vip), Port = DirectorNet.Port }, Payload = TcpPayload.Zeros };

    private static void Count<T>(MarkdownTable table, string name, int runs, T wanted, Func<int, T> test)
        where T : struct, Enum
    {
        var (right, seconds) = (0, new List<double>());
        for (var run = 1; run <= runs; run++)
        {
            var clock = Stopwatch.StartNew();
            right += EqualityComparer<T>.Default.Equals(test(run), wanted) ? 1 : 0;
            seconds.Add(clock.Elapsed.TotalSeconds);
        }

        seconds.Sort();
        table.Add(name, $"{wanted}", $"{right}/{runs}", seconds[seconds.Count / 2].ToString("F2", CultureInfo.InvariantCulture));
    }
}
