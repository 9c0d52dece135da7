using Probe.Core.Packets;
using Probe.Core.Vocabulary;

namespace Probe.Core.PathMtu;

/// <summary>The place of a black hole: the last hop that large packets reach.</summary>
internal sealed class HoleLocation(SizeRange range, SearchProgress progress)
{
    private const int Tries = 3;
    private const int LongestPath = 24;

    /// <summary>Finds the last hop that large packets reach.</summary>
    public IEnumerable<SizeRound> Locate(FlowResult result)
    {
        var found = result.Ledger;
        if (!range.Options.Locate || found.IsAmbiguous || found.LargestAnswered == 0 || found.LargestAnswered >= range.Largest
            || found.Signals.Any(signal => signal.Ask.Size == found.LargestAnswered + 1)
            || SizeProof.IsSignalled(found) || found.IsLimitedHere || found.SmallestBad != found.LargestAnswered + 1)
        {
            yield break;
        }

        progress.Phase = PathMtuPhase.Locating;
        var ledger = new SizeLedger(found.Question);
        var size = found.LargestAnswered + 1;
        var last = Math.Min(LongestPath, HopsBack(found.AnswerTtl) + 1);
        yield return new SizeRound([.. Enumerable.Range(1, last).Select(ttl => new SizeAsk(ledger, size, (byte)ttl))]);
        for (var tries = 0; tries < Tries;)
        {
            var reached = Reached(ledger, size);
            var next = (byte)(reached + 1);
            SizeAsk[] asks =
                [new(ledger, size, next), new(ledger, size, (byte)(next + 1)), new(ledger, size, next), new(ledger, range.Smallest, next)];
            yield return new SizeRound(Reached(ledger, size) > 0 && AddressAt(ledger, reached).IsNone
                ? [.. asks, new(ledger, range.Smallest, (byte)reached)] : asks) { IsPatient = true };
            tries = Reached(ledger, size) > reached ? 0 : AddressAt(ledger, next).IsNone ? tries + 1 : Tries;
        }

        var hop = Reached(ledger, size);
        // What the target itself answers through a tunnel came out at the tunnel's end.
        var after = AddressAt(ledger, hop + 1);
        if (found.Question.Protocol == ProbeProtocol.Icmp && result.ConfirmedBy is null && (after.IsNone || after == range.Options.Target))
        {
            // As far as hops answer, large ones get there: the target's own answer, as large, may be what is lost.
            yield break;
        }

        result.Place = new HolePlace(hop, AddressAt(ledger, hop),
            after == range.Options.Target && !range.Options.Via.IsEmpty ? range.Options.Via.Layers[0].Remote : after);
    }

    private static int HopsBack(byte ttl) => (ttl switch { 0 => 64, <= 64 => 64, <= 128 => 128, _ => 255 }) - ttl + 1;

    private static int Reached(SizeLedger ledger, int size) =>
        ledger.Asks.Where(ask => ask.Size == size && ask.State == AskState.Answered).Select(ask => (int)ask.Ttl).DefaultIfEmpty().Max();

    private static IpAddress AddressAt(SizeLedger ledger, int ttl) =>
        ledger.Asks.FirstOrDefault(ask => ask.Ttl == ttl && ask.State == AskState.Answered)?.From ?? default;
}
