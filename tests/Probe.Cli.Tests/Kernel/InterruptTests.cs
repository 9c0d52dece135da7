using System.Diagnostics;
using Probe.Lab.Networks;
using Probe.Core.Vocabulary;

namespace Probe.Cli.Tests.Kernel;

/// <summary>Ctrl-C in the middle of a long run: what was gathered is shown.</summary>
public sealed class InterruptTests(FiveHops shared) : IClassFixture<FiveHops>
{
    [NeedsTheory(ProbeInside.Needs)]
    [InlineData("INT", 130)]
    [InlineData("TERM", 143)]
    [InlineData("HUP", 129)]
    public void The_document_is_whole_and_says_that_the_run_is_not(string signal, int status)
    {
        var result = Interrupted(signal, "--json");
        Assert.Equal((status, ""), (result.Status, result.Error));
        var bundle = ProbeInside.Read(result);
        var trace = Assert.Single(bundle.Traces!);
        Assert.Equal((false, SweepEnd.Interrupted, StopReason.Interrupted), (bundle.Complete, bundle.EndReason, trace.StopReason));
        Assert.Equal(shared.Line.Addresses(v6: false), trace.Addresses());
        Assert.All(trace.Hops, hop => Assert.InRange(hop.Received, 2, 99));
        Assert.All(trace.Hops, hop => Assert.Equal(0, hop.Loss));
    }

    [NeedsFact(ProbeInside.Needs)]
    public void The_table_shows_what_was_gathered()
    {
        var result = Interrupted("INT");
        Assert.Equal((130, ""), (result.Status, result.Error));
        Assert.All(shared.Line.Addresses(v6: false), address => Assert.Contains(address, result.Output, StringComparison.Ordinal));
    }

    private LabResult Interrupted(string signal, params string[] more)
    {
        var line = shared.Line;
        using var counter = line.CountProbes(v6: false);
        using var probe = line.StartProbe(["trace", "-n", "-c", "100", "-i", "100ms", .. more, line.Target(v6: false).ToString()]);
        var clock = Stopwatch.StartNew();
        while (counter.Packets < 25)
        {
            Assert.True(clock.Elapsed < ProbeInside.Limit, "nothing was sent");
            Thread.Sleep(20);
        }

        probe.Signal(signal);
        return probe.Wait(ProbeInside.Limit);
    }
}
