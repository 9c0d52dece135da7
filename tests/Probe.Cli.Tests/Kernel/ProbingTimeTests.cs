using Probe.Core.Vocabulary;
using Xunit.Abstractions;

namespace Probe.Cli.Tests.Kernel;

/// <summary>How long a trace probes, as users run it.</summary>
[Collection(Lanes.Alone)]
public sealed class ProbingTimeTests(NineHops nine, ITestOutputHelper output) : IClassFixture<NineHops>
{
    [NeedsTheory(ProbeInside.Needs)]
    [MemberData(nameof(ProbeInside.Cases), MemberType = typeof(ProbeInside))]
    public void Probing_takes_three_round_trips_and_little_more(ProbeProtocol protocol, bool v6)
    {
        // What users run: compiled ahead of time. It is built outside the namespace, where packages can be fetched.
        var launcher = Path.Combine(Child.Tree, "probe");
        Assert.Equal(0, Child.Run(launcher, ["--version"]).Status);
        var line = nine.Line;

        // The machine's other work can hold the process up in any one run, never in all of five.
        var excess = Enumerable.Range(0, 5).Min(_ =>
        {
            var result = line.Run(launcher, "trace", "-n", "--json", "-c", "1", ProbeInside.Option(protocol), line.Target(v6).ToString());
            var trace = ProbeInside.Read(result).Traces![0];
            Assert.Equal(line.Addresses(v6), trace.Addresses());
            var probes = trace.Probes!;
            var answered = probes.Where(probe => probe.RttNs is not null).ToList();
            var took = answered.Max(probe => probe.SentNs + probe.RttNs!.Value) - probes.Min(probe => probe.SentNs);
            return took - 3 * answered.Max(probe => probe.RttNs!.Value);
        });
        output.WriteLine($"probing time beyond three round trips: {excess / 1e6:0.00} ms");
        Assert.InRange(excess, long.MinValue, 10_000_000);
    }
}
