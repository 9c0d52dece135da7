using System.Globalization;
using Probe.Core.Health;
using Probe.Lab.Instruments;
using Probe.Lab.Networks;

namespace Probe.Bench.Health;

/// <summary>One of our engines as a process of its own, with its name, then the arguments and the output of the C reference: <c>sockets|raw|raw-stamped THREADS IN-FLIGHT SECONDS TARGETS TIMEOUT-MS all|half|paced</c>.</summary>
internal static class EngineLoad
{
    public const string Name = "health-load";

    // The runtime compiles what is called often a second time, on a thread that takes a core away for some 0.1 s.
    private const int WarmUpSeconds = 3;

    public static int Run(string[] arguments)
    {
        var numbers = arguments[1..6].Select(argument => int.Parse(argument, CultureInfo.InvariantCulture)).ToArray();
        var (threads, inFlight, seconds, targets, timeoutMs) = (numbers[0], numbers[1], numbers[2], numbers[3], numbers[4]);
        var mode = arguments[6];
        var list = CheckNetwork.Targets(targets, TimeSpan.FromMilliseconds(timeoutMs), halfBlackHoled: mode == "half");
        using var ready = new Barrier(threads + 1);
        var loads = new CheckLoad[threads];
        var escaped = 0L;
        var workers = Enumerable.Range(0, threads).Select(number => new Thread(() =>
        {
            using var engine = Open(arguments[0], inFlight / threads);

            // What is compiled while it runs is not what is measured.
            var warmUp = new CheckLoad(engine, list);
            warmUp.Run(inFlight / threads, long.MaxValue / 2, TimeSpan.FromSeconds(1));
            if (mode == "paced")
            {
                warmUp.RunPaced(WarmUpSeconds);
            }

            Interlocked.Add(ref escaped, warmUp.Escaped);
            var load = loads[number] = new CheckLoad(engine, list);
            ready.SignalAndWait();
            ready.SignalAndWait();
            if (mode == "paced")
            {
                load.RunPaced(seconds);
            }
            else
            {
                load.Run(inFlight / threads, long.MaxValue / 2, TimeSpan.FromSeconds(seconds));
            }
        })).ToList();
        workers.ForEach(worker => worker.Start());
        ready.SignalAndWait();
        var (collections, cpu, begun) = (GC.CollectionCount(0), Environment.CpuUsage.TotalTime, Environment.TickCount64);
        ready.SignalAndWait();
        workers.ForEach(worker => worker.Join());
        var took = (Environment.TickCount64 - begun) / 1e3;
        var used = (Environment.CpuUsage.TotalTime - cpu).TotalSeconds;
        collections = GC.CollectionCount(0) - collections;
        foreach (var load in loads[1..])
        {
            loads[0].Took.Add(load.Took);
            loads[0].Lateness.Add(load.Lateness);
        }

        var over = loads.Sum(load => load.Over);
        long Count(CheckEnd end) => loads.Sum(load => load.Count(end));
        var falseUp = mode == "half" ? loads.Sum(load => load.Count(CheckEnd.Answered, target => target.Index % 2 == 1)) : 0;
        var falseDown = loads.Sum(load => load.Count(CheckEnd.TimedOut, target => mode != "half" || target.Index % 2 == 0));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"checks={over} rate={over / took:0.0} cpu_us={used * 1e6 / over:0.000} cpu={used / took:0.0000} rss_kb={PeakKb()} p50_us={loads[0].Took.At(0.5) / 1e3} p99_us={loads[0].Took.At(0.99) / 1e3} p999_us={loads[0].Took.At(0.999) / 1e3} late99_us={loads[0].Lateness.At(0.99) / 1e3} answered={Count(CheckEnd.Answered)} timeouts={Count(CheckEnd.TimedOut)} errors={Count(CheckEnd.Failed) + Count(CheckEnd.Refused) + Count(CheckEnd.IcmpError)} late={Count(CheckEnd.Late)} false_up={falseUp} false_down={falseDown} escaped={escaped + loads.Sum(load => load.Escaped)} gen0={collections}"));
        return 0;
    }

    private static ICheckEngine Open(string name, int inFlight) => name switch
    {
        "sockets" => new SocketEngine(new(new()) { InFlight = inFlight }),
        "raw" => RawEngine.Open(new(new()) { InFlight = inFlight, TransmitStamps = false }),
        _ => RawEngine.Open(new(new()) { InFlight = inFlight }),
    };

    private static string PeakKb() => File.ReadLines("/proc/self/status").First(line => line.StartsWith("VmHWM:", StringComparison.Ordinal))[6..].Replace("kB", "", StringComparison.Ordinal).Trim();
}
