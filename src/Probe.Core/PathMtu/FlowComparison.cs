using Probe.Core.Vocabulary;

namespace Probe.Core.PathMtu;

/// <summary>Other flows: a member of a balanced group may carry less than the one that the first flow takes.</summary>
internal sealed class FlowComparison(SizeRange range, SearchProgress progress, SizeSearch search, List<FlowResult> results)
{
    private const int Tries = 3;

    /// <summary>Flows to be compared with the first one; 0 as long as, or where, the first one found no size.</summary>
    public int Wanted { get; private set; }

    /// <summary>Of <see cref="Wanted"/> those whose size was found, the same as the first one's or another.</summary>
    public int Compared { get; private set; }

    /// <summary>Of <see cref="Wanted"/> those that were asked and never answered.</summary>
    public int Silent { get; private set; }

    /// <summary>Asks other flows for the size found and the one above it, and searches where they differ.</summary>
    public IEnumerable<SizeRound> Compare(FlowResult first)
    {
        // Flows are asked in the way that found the size: the first way, or another port of the same protocol.
        var size = first.Ledger.LargestAnswered;
        Wanted = size > 0 ? range.Options.OtherFlows : 0;
        var asked = first.Asked.LargestAnswered == size ? first.Asked.Question : first.Ledger.Question;
        if (size == 0 || first.Ledger.IsAmbiguous || asked.Protocol != first.Asked.Question.Protocol)
        {
            yield break;
        }

        var others = new List<SizeLedger>();
        for (var i = 1; i <= range.Options.OtherFlows && range.Options.FlowAt(i) is { } flow; i++)
        {
            others.Add(new SizeLedger(asked with { Flow = flow with { DestinationPort = asked.Flow.DestinationPort } }));
        }

        if (others.Count > 0)
        {
            progress.Phase = PathMtuPhase.OtherFlows;
        }

        foreach (var round in CompareAll(others, size))
        {
            yield return round;
        }

        Compared += others.RemoveAll(other => Fits(other, size));

        foreach (var round in SearchEach(others, first.Ledger, size))
        {
            yield return round;
        }
    }

    /// <summary>Searches the flows that differ, one after the other; those like one that was searched are not searched again.</summary>
    private IEnumerable<SizeRound> SearchEach(List<SizeLedger> others, SizeLedger first, int size)
    {
        while (others.Count > 0 && !progress.OutOfProbes)
        {
            var other = others[0];
            others.RemoveAt(0);
            var startNs = progress.NowNs;
            var sent = progress.ProbesSent;
            var result = new FlowResult(other);
            foreach (var round in search.Search(result))
            {
                yield return round;
            }

            progress.Current = first;
            progress.Phase = PathMtuPhase.OtherFlows;
            var own = other.LargestAnswered;
            Silent += own == 0 ? 1 : 0;
            Compared += own > 0 && (own >= range.Largest || other.SmallestBad == own + 1) ? 1 : 0;
            if (own == size || own == 0)
            {
                continue;
            }

            (result.Sent, result.DurationNs, result.IsOver) = (progress.ProbesSent - sent, progress.NowNs - startNs, true);
            results.Add(result);
            foreach (var round in CompareAll(others, own))
            {
                yield return round;
            }

            foreach (var same in others.Where(flow => Fits(flow, own)).ToArray())
            {
                others.Remove(same);
                Compared++;
                results.Add(new FlowResult(same) { Like = result, IsOver = true });
            }
        }
    }

    private IEnumerable<SizeRound> CompareAll(List<SizeLedger> others, int size) =>
        Enumerable.Range(0, Tries).SelectMany(_ => Compare(others.Where(other => !IsSettled(other, size)), size));

    private IEnumerable<SizeRound> Compare(IEnumerable<SizeLedger> others, int size)
    {
        var asks = others.SelectMany(other =>
            new[] { size + 1,
            size }.Where(each => each <= range.Largest && each > other.LargestAnswered && !SizeProof.IsBelieved(other, each))
            .Select(each => new SizeAsk(other, each))).ToArray();
        if (asks.Length == 0)
        {
            yield break;
        }

        if (range.Options.Protocol != ProbeProtocol.Udp)
        {
            yield return new SizeRound(asks);
            yield break;
        }

        foreach (var ask in asks)
        {
            yield return SizeRound.Pause(progress.NowNs + SizeLedger.AnswerEveryNs);
            yield return new SizeRound([ask]);
        }
    }

    /// <summary>Asking this flow for a size again would tell nothing new.</summary>
    private bool IsSettled(SizeLedger other, int size) =>
        other.LargestAnswered > size || Fits(other, size) || other.Count(size, AskState.Refused) > 0;

    private bool Fits(SizeLedger other, int size) =>
        other.LargestAnswered == size && (size >= range.Largest || other.SmallestBad == size + 1);
}
