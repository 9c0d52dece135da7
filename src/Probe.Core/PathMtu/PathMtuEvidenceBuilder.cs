using Probe.Core.Evidence;
using Probe.Core.Packets;
using Probe.Core.Probing;
using Probe.Core.Vocabulary;

namespace Probe.Core.PathMtu;

/// <summary>Puts what a search found into evidence.</summary>
/// <param name="search">The search, ended or not.</param>
public sealed class PathMtuEvidenceBuilder(PathMtuSearch search)
{
    /// <summary>The result of the first flow, and one more for each flow whose result differs.</summary>
    /// <param name="target">The target as the user wrote it.</param>
    /// <param name="via">ENCAP texts, outermost first.</param>
    /// <param name="real">The real server asked; null when the target itself was.</param>
    public IReadOnlyList<PathMtuEvidence> Build(string target, IReadOnlyList<string>? via = null, string? real = null) =>
        [.. search.Results.Select(result => Build(result, target, via ?? [], real))];

    private PathMtuEvidence Build(FlowResult result, string target, IReadOnlyList<string> via, string? real)
    {
        var ledger = result.Ledger;
        var options = search.Options;
        var flow = ledger.Question.Flow;
        var judged = PathMtuJudge.Judge(search, result);
        int? port = ledger.Question.Protocol == ProbeProtocol.Icmp ? null : flow.DestinationPort;
        var (lost, trials) = ledger.Trials();
        var deciding = judged.Deciding;
        return new PathMtuEvidence
        {
            Target = target,
            Address = options.Target.ToString(),
            Protocol = ledger.Question.Protocol,
            Port = port,
            Source = options.Source.ToString(),
            Via = via,
            Real = real,
            Flow = search.Results.Count > 1 ? new PathMtuFlow(flow.Id, flow.SourcePort, port) : null,
            Mtu = judged.Mtu,
            OuterMtu = judged.Mtu + search.Overhead,
            Overhead = search.Overhead,
            FirstHopMtu = options.FirstHopMtu,
            Verdict = judged.Verdict,
            Confidence = judged.Confidence,
            Reason = judged.Reason,
            Signals = Signals(ledger, judged),
            Arithmetic = judged is { Verdict: PathMtuVerdict.WrongSignal, Mtu: { } mtu }
                ? RelayArithmetic.Of(Claim(deciding!.Value), mtu) : null,
            Hop = result.Place?.Hop ?? deciding?.Hop,
            HopAddress = TextOf(result.Place?.Address ?? deciding?.From ?? default),
            NextHopAddress = TextOf(result.Place?.Next ?? default),
            LargestAnswered = ledger.LargestAnswered > 0 ? ledger.LargestAnswered : null,
            SmallestLost = ledger.SmallestBad,
            ProvedBy = ledger.LargestAnswered > 0 ? ledger.Proof : null,
            ReturnMtu = result.Returning?.LargestAnswered,
            Loss = trials == 0 ? null : (double)lost / trials,
            RttNs = search.RoundTrips.MedianNs,
            Sent = result.IsOver ? result.Sent : search.ProbesSent,
            DurationNs = result.IsOver ? result.DurationNs : search.ElapsedNs,
            ExactSent = result.ExactSent,
            ExactNs = result.ExactNs,
            Sizes = PathMtuSearch.SizesOf(ledger),
        };
    }

    // An empty field is empty, whatever tunnel stands around.
    private static int Claim(in SizeSignal signal) => signal.Mtu == 0 ? 0 : signal.InnerMtu;

    private static string? TextOf(IpAddress address) => address.IsNone ? null : address.ToString();

    private List<PathMtuSignal> Signals(SizeLedger ledger, in PathMtuJudgement judged)
    {
        var signals = new List<PathMtuSignal>();
        var deciding = judged.Deciding is { } one ? (one.From, one.Mtu, one.Layer) : default;
        foreach (var same in ledger.Signals.GroupBy(signal => (signal.From, signal.Mtu, signal.Layer)))
        {
            var first = same.First();
            signals.Add(new PathMtuSignal
            {
                From = first.From.ToString(),
                Mtu = first.Mtu,
                InnerMtu = first is { Layer: > 0, Mtu: > 0, InnerMtu: >= 0 } ? first.InnerMtu : null,
                Role = PathMtuJudge.RoleOf(search.Options, first),
                QuotedLength = first.QuotedLength,
                Hop = first.Hop,
                Count = same.Count(),
                Decisive = judged.Deciding is not null && same.Key == deciding,
                Implausible = same.Any(signal => signal.Implausible || signal.InnerMtu < ledger.LargestAnswered),
            });
        }

        // A host that believed a router refuses the same: that is no word of its own.
        if (ledger.LargestAnswered > 0 && !SizeProof.IsSignalled(ledger)
            && (ledger.IsLimitedHere || ledger.Asks.Any(ask => ask.State == AskState.TooBigHere)))
        {
            signals.Add(new PathMtuSignal
            {
                From = search.Options.Source.ToString(),
                Mtu = ledger.LargestAnswered + search.Overhead,
                Role = PathMtuRole.ThisHost,
                Hop = 0,
                Decisive = judged is { Verdict: PathMtuVerdict.Signalled, Deciding: null },
                Count = ledger.Asks.Count(ask => ask.State == AskState.TooBigHere || (ask.IsLostHere && ask.Size > ledger.LargestAnswered)),
            });
        }

        return signals;
    }
}
