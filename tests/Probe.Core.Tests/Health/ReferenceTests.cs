using System.Globalization;
using Probe.Core.Health;
using Probe.Lab.Instruments;
using Probe.Lab.Networks;
using Xunit.Abstractions;

namespace Probe.Core.Tests.Health;

/// <summary>The engines beside C programs that make the fewest calls a half-open check needs. The bound is far off on purpose: bench/health has the figures.</summary>
public sealed class ReferenceTests(CheckFixture fixture, ITestOutputHelper output) : IClassFixture<CheckFixture>
{
    private const int Rounds = 5;
    private const int InFlight = 1000;
    private const int Targets = 10_000;
    private const double Bound = 0.6;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(1);

    [NeedsTheory(Need.Namespaces | Need.CCompiler)]
    [InlineData("sockets", "epoll_reference")]
    [InlineData("raw", "raw_reference")]
    public void An_engine_keeps_up_with_a_C_program(string kind, string reference)
    {
        var folder = Directory.CreateTempSubdirectory("probe-reference");
        try
        {
            Compare(kind, Path.Combine(folder.FullName, reference), reference);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private void Compare(string kind, string program, string reference)
    {
        Shell.Run("gcc", "-O2", "-o", program, Path.Combine(Golden.Root, "bench", "Probe.Bench", "Health", reference + ".c"), "-lpthread");
        using var listener = new CheckedListener(fixture.Network.Server);
        Ours(kind);
        var ratios = Enumerable.Range(0, Rounds).Select(_ => Theirs(program) is var theirs ? Ours(kind) / theirs : 0).Order().ToArray();
        output.WriteLine($"{kind}: {string.Join(", ", ratios.Select(ratio => ratio.ToString("F2", CultureInfo.InvariantCulture)))} of {reference}'s checks a second");
        Assert.True(ratios[Rounds / 2] >= Bound, $"{kind}: {ratios[Rounds / 2]:F2} of {reference}'s checks a second");
    }

    private double Ours(string kind) => KernelLab.In(fixture.Network.Client, () =>
    {
        using ICheckEngine engine = kind == "raw" ? RawEngine.Open(new(new()) { InFlight = InFlight, TransmitStamps = false }) : new SocketEngine(new(new()) { InFlight = InFlight });
        var load = new CheckLoad(engine, CheckNetwork.Targets(Targets, TimeSpan.FromSeconds(1)));
        var begun = engine.NowNs;
        load.Run(InFlight, long.MaxValue / 2, Limit);
        return load.Count(CheckEnd.Answered) * 1e9 / (engine.NowNs - begun);
    });

    private double Theirs(string program)
    {
        var said = fixture.Lab.Run(fixture.Network.Client, TimeSpan.FromSeconds(30), program, "1", $"{InFlight}", $"{Limit.TotalSeconds:0}", $"{Targets}", "1000", "all").MustSucceed().Output;
        var rate = said.Split(' ').Single(field => field.StartsWith("rate=", StringComparison.Ordinal));
        return double.Parse(rate["rate=".Length..], CultureInfo.InvariantCulture);
    }
}
