using Probe.Lab.Networks;
using Probe.Lab.Simulation;

namespace Probe.Lab.Tests;

/// <summary>What a test runs in a process of its own.</summary>
public static class Program
{
    public const string TraceInUserNamespace = "trace-in-user-namespace";

    public static int Main(string[] arguments)
    {
        if (arguments is not [TraceInUserNamespace])
        {
            Console.Error.WriteLine("This program is started by a test.");
            return 2;
        }

        using var network = RealTimeNetwork.BehindVethHere(Topologies.Line(3));
        var target = TopologyBuilder.TargetV4.ToString();
        var ping = Run("ping", ["-n", "-c", "1", "-W", "2", target]);
        var trace = Run("traceroute", ["-n", "-q", "1", "-m", "3", target]);
        Console.Error.Write(ping.Output + ping.Error + trace.Error);
        Console.Write(trace.Output[(trace.Output.IndexOf('\n', StringComparison.Ordinal) + 1)..]);
        return ping.Status != 0 ? ping.Status : trace.Status;
    }

    private static LabResult Run(string program, string[] arguments)
    {
        using var process = LabProcess.Start(program, arguments, input: null);
        return process.Wait(TimeSpan.FromSeconds(30));
    }
}
