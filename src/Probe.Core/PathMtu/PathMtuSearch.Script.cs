namespace Probe.Core.PathMtu;

/// <content>The order of things.</content>
public sealed partial class PathMtuSearch
{
    private IEnumerable<SizeRound> Script(PathMtuQuestion question)
    {
        var ledger = new SizeLedger(question);
        _current = ledger;
        var result = new FlowResult(ledger);
        _results.Add(result);
        yield return new SizeRound([new SizeAsk(ledger, Largest), new SizeAsk(ledger, Smallest)]);
        while (ledger.LargestAnswered > 0 && ledger.SmallestBad is { } bad && bad > ledger.LargestAnswered + 1)
        {
            Phase = PathMtuPhase.Narrowing;
            yield return new SizeRound([new SizeAsk(ledger, (bad + ledger.LargestAnswered) / 2)]);
        }

        (result.Sent, result.DurationNs) = (ProbesSent, _nowNs - _startNs);
    }
}
