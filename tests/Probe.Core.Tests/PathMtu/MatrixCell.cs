using System.Globalization;
using System.Text;
using Probe.Core.Evidence;
using Probe.Core.PathMtu;
using Probe.Core.Vocabulary;
using Probe.Lab.Simulation;

namespace Probe.Core.Tests.PathMtu;

/// <summary>One network, how it is asked, and what is true of it.</summary>
internal sealed record MatrixCase
{
    public required Topology Topology { get; init; }

    public ProbeProtocol Protocol { get; init; } = ProbeProtocol.Tcp;

    public bool IsV6 { get; init; }

    public Func<PathMtuOptions, PathMtuOptions> Change { get; init; } = options => options;

    /// <summary>The size that is right; null when no size is to be named.</summary>
    public required int? Mtu { get; init; }

    /// <summary>The verdict that is right.</summary>
    public required PathMtuVerdict Verdict { get; init; }

    /// <summary>What else must hold; says what does not.</summary>
    public Func<SimulatedSearch, string?> Also { get; init; } = _ => null;
}

/// <summary>A cell of the acceptance matrix: cases of one kind, drawn at random.</summary>
internal sealed record MatrixCell(string Name, Func<Random, MatrixCase> Draw)
{
    private const int Failures = 6;

    /// <summary>Runs the cell and counts.</summary>
    public MatrixCount Run(int runs, int seed)
    {
        var (right, exact, provedWrong) = (0, 0, 0);
        var sent = new List<int>();
        var failures = new StringBuilder();
        var failed = 0;
        Parallel.For(0, runs, index =>
        {
            var own = SimulatedSearch.SeedOf(SimulatedSearch.SeedOf(StableHash(Name), seed), index);
            var drawn = Draw(new Random(own));
            var run = SimulatedSearch.Run(drawn.Topology, drawn.Protocol, drawn.IsV6, drawn.Change, own);
            var evidence = run.Evidence;
            var isExact = evidence.Mtu == drawn.Mtu;
            var also = drawn.Also(run);
            var isRight = isExact && evidence.Verdict == drawn.Verdict && also is null;
            Interlocked.Add(ref right, isRight ? 1 : 0);
            Interlocked.Add(ref exact, isExact ? 1 : 0);
            Interlocked.Add(ref provedWrong, !isExact && evidence is { Mtu: not null, Confidence: Confidence.Proved } ? 1 : 0);
            lock (sent)
            {
                sent.Add(evidence.Sent);
                if (!isRight && failed++ < Failures)
                {
                    failures.AppendLine(CultureInfo.InvariantCulture, $"  {Name} seed {seed} run {index}: wanted {drawn.Verdict} {drawn.Mtu}, got {Text(evidence)} {also}");
                }
            }
        });
        sent.Sort();
        return new MatrixCount(Name, runs, right, exact, provedWrong, sent[sent.Count / 2], sent[^1], failures.ToString());
    }

    private static string Text(PathMtuEvidence evidence) => string.Create(CultureInfo.InvariantCulture,
        $"{evidence.Verdict} {evidence.Mtu} {evidence.Confidence} {evidence.Reason} {evidence.LargestAnswered}/{evidence.SmallestLost} sent {evidence.Sent} loss {evidence.Loss} signals [{string.Join(' ', evidence.Signals.Select(signal => $"{signal.From}:{signal.Mtu}x{signal.Count}"))}]");

    // The runtime's own differs from run to run.
    private static int StableHash(string text) => text.Aggregate(17, (hash, letter) => unchecked((hash * 31) + letter));
}

/// <summary>What a cell's runs came to.</summary>
internal sealed record MatrixCount(string Name, int Runs, int Right, int Exact, int ProvedWrong, int MedianSent, int MostSent, string Failures)
{
    public double Share => (double)Right / Runs;

    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"{Name,-34} {Runs,5} right {100d * Right / Runs,6:0.0} % exact {100d * Exact / Runs,6:0.0} % proved wrong {ProvedWrong} probes {MedianSent}/{MostSent}");
}
