using System.Globalization;
using Probe.Core.Health;
using Probe.Lab.Instruments;
using Probe.Lab.Networks;
using Xunit.Abstractions;

namespace Probe.Core.Tests.Health;

/// <summary>
/// The engines beside C programs that make the fewest calls a half-open check needs, by the CPU time of a check, which hardly depends on what
/// else runs on the machine. The bound is far off on purpose: bench/health has the figures.
/// </summary>
public sealed class ReferenceTests(CheckFixture fixture, ITestOutputHelper output) : IClassFixture<CheckFixture>
{
    private const int LeastRounds = 3;
    private const int MostRounds = 20;
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
        var (ours, theirs) = (new List<double>(), new List<double>());
        var ratio = 0.0;

        // Others that run meanwhile take caches from either and hand their interrupts to it: the best round of each is the least disturbed one.
        for (var round = 1; round <= MostRounds && (round <= LeastRounds || ratio < Bound); round++)
        {
            theirs.Add(Theirs(program));
            ours.Add(Ours(kind));
            ratio = theirs.Min() / ours.Min();
        }

        output.WriteLine(FormattableString.Invariant(
            $"{kind}: {ratio:F2} times {reference}'s checks for the same CPU time; ours {string.Join(", ", ours.Select(us => us.ToString("F2", CultureInfo.InvariantCulture)))} µs, theirs {string.Join(", ", theirs.Select(us => us.ToString("F2", CultureInfo.InvariantCulture)))} µs"));
        Assert.True(ratio >= Bound, FormattableString.Invariant($"{kind}: {ratio:F2} times {reference}'s checks for the same CPU time"));
    }

    /// <summary>CPU time of one check, µs.</summary>
    private double Ours(string kind) => KernelLab.In(fixture.Network.Client, () =>
    {
        using ICheckEngine engine = kind == "raw" ? RawEngine.Open(new(new()) { InFlight = InFlight, TransmitStamps = false }) : new SocketEngine(new(new()) { InFlight = InFlight });
        var load = new CheckLoad(engine, CheckNetwork.Targets(Targets, TimeSpan.FromSeconds(1)));
        var begun = ThreadCpu.Ns;
        load.Run(InFlight, long.MaxValue / 2, Limit);
        return (ThreadCpu.Ns - begun) / 1e3 / load.Over;
    });

    private double Theirs(string program)
    {
        var said = fixture.Lab.Run(fixture.Network.Client, TimeSpan.FromSeconds(30), program, "1", $"{InFlight}", $"{Limit.TotalSeconds:0}", $"{Targets}", "1000", "all").MustSucceed().Output;
        var cpu = said.Split(' ').Single(field => field.StartsWith("cpu_us=", StringComparison.Ordinal));
        return double.Parse(cpu["cpu_us=".Length..], CultureInfo.InvariantCulture);
    }
}
