using Probe.Core.Packets;
using Probe.Core.Probing;

namespace Probe.Core.PathMtu;

/// <content>What follows once a size is known: other ways to ask, the place of a black hole, other flows.</content>
public sealed partial class PathMtuSearch
{
    private const int Tries = 3;
    private const int LongestPath = 24;

    /// <summary>An error quotes so much of a large datagram that it is this long itself (RFC 1812 section 4.3.2.3, RFC 4443 section 2.4).</summary>
    private int LongestError => Options.Target.IsV6 ? 1280 : 576;

    /// <summary>Asks in other ways where the first way's answer may mean something else.</summary>
    private IEnumerable<SizeRound> CrossCheck(FlowResult result)
    {
        var ledger = result.Ledger;
        foreach (var question in Options.CrossChecks)
        {
            if (!Doubts(ledger, question) || (question.Protocol == ProbeProtocol.Udp && ledger.LargestAnswered is > 0 and var carried && carried < LongestError))
            {
                continue;
            }

            Phase = PathMtuPhase.CrossChecking;
            var other = new SizeLedger(question);
            var bad = ledger.LargestAnswered + 1;
            for (var i = 0; i < Tries && other.LargestAnswered == 0; i++)
            {
                yield return Round(other, i == 0 ? [Largest, .. bad < Largest ? [bad] : Array.Empty<int>(), Smallest] : [Smallest]);
            }

            if (other.LargestAnswered == 0)
            {
                continue;
            }

            // Small ones are answered: what this way says counts.
            for (var i = 0; i < Tries && other.LargestAnswered < Math.Min(bad, Largest) && other.Count(Math.Min(bad, Largest), AskState.Refused) == 0; i++)
            {
                yield return Round(other, [Math.Min(bad, Largest)]);
            }

            if (ledger.LargestAnswered > 0 && ledger.LargestAnswered < Largest && other.LargestAnswered < bad && !Options.AskedFromOutside)
            {
                // Both ways stop at the same size: it is the way there.
                result.ConfirmedBy = question.Proof;
                yield break;
            }

            if (ledger.LargestAnswered >= Largest && other.LargestAnswered >= Largest)
            {
                result.Ledger = other;
                yield break;
            }

            result.Returning = ledger.Question.Protocol == ProbeProtocol.Icmp && ledger.LargestAnswered is > 0 and var echoed && echoed < Largest && other.LargestAnswered >= bad ? ledger : null;
            result.Ledger = other;
            (result.ExactSent, result.ExactNs) = (null, null);
            foreach (var round in Search(result))
            {
                yield return round;
            }

            yield break;
        }
    }

    /// <summary>This other way could tell what the first one could not.</summary>
    private bool Doubts(SizeLedger ledger, PathMtuQuestion other)
    {
        var isSyn = other.Proof == PathMtuProof.SynPayload;
        if (ledger.Question.Proof == PathMtuProof.SynPayload)
        {
            return false;
        }

        if (ledger.LargestAnswered == 0)
        {
            return true;
        }

        // A load balancer answers echo requests and stray segments itself.
        if (Options.AskedFromOutside || (ledger.LargestAnswered >= Largest && Options.Via.IsEmpty))
        {
            return isSyn;
        }

        return ledger.Question.Protocol == ProbeProtocol.Icmp && ledger.LargestAnswered < Largest && !IsSignalled(ledger);
    }

    /// <summary>Somebody named exactly the limit found.</summary>
    internal static bool IsSignalled(SizeLedger ledger) =>
        ledger.Signals.Any(signal => !signal.Implausible && signal.InnerMtu == ledger.LargestAnswered);

    /// <summary>Finds the last hop that large packets reach.</summary>
    private IEnumerable<SizeRound> Locate(FlowResult result)
    {
        var found = result.Ledger;
        if (!Options.Locate || found.LargestAnswered == 0 || found.LargestAnswered >= Largest || found.Signals.Any(signal => signal.Ask.Size == found.LargestAnswered + 1)
            || IsSignalled(found) || found.SmallestBad != found.LargestAnswered + 1)
        {
            yield break;
        }

        Phase = PathMtuPhase.Locating;
        var ledger = new SizeLedger(found.Question);
        var size = found.LargestAnswered + 1;
        var last = Math.Min(LongestPath, HopsBack(found.AnswerTtl) + 1);
        yield return new SizeRound([.. Enumerable.Range(1, last).Select(ttl => new SizeAsk(ledger, size, (byte)ttl))]);
        for (var tries = 0; tries < Tries;)
        {
            var reached = Reached(ledger, size);
            var next = (byte)(reached + 1);
            SizeAsk[] asks = [new(ledger, size, next), new(ledger, size, (byte)(next + 1)), new(ledger, size, next), new(ledger, Smallest, next)];
            yield return new SizeRound(Reached(ledger, size) > 0 && AddressAt(ledger, reached).IsNone ? [.. asks, new(ledger, Smallest, (byte)reached)] : asks) { IsPatient = true };
            tries = Reached(ledger, size) > reached ? 0 : AddressAt(ledger, next).IsNone ? tries + 1 : Tries;
        }

        var hop = Reached(ledger, size);
        result.Place = new HolePlace(hop, AddressAt(ledger, hop), AddressAt(ledger, hop + 1));
    }

    private static int HopsBack(byte ttl) => (ttl switch { 0 => 64, <= 64 => 64, <= 128 => 128, _ => 255 }) - ttl + 1;

    private static int Reached(SizeLedger ledger, int size) =>
        ledger.Asks.Where(ask => ask.Size == size && ask.State == AskState.Answered).Select(ask => (int)ask.Ttl).DefaultIfEmpty().Max();

    private static IpAddress AddressAt(SizeLedger ledger, int ttl) =>
        ledger.Asks.FirstOrDefault(ask => ask.Ttl == ttl && ask.State == AskState.Answered)?.From ?? default;

    /// <summary>Asks other flows for the size found and the one above it, and searches where they differ.</summary>
    private IEnumerable<SizeRound> CompareFlows(FlowResult first)
    {
        // Flows are of the first way of asking: they compare only where it found the same.
        var size = first.Ledger.LargestAnswered;
        if (size == 0 || first.Asked.LargestAnswered != size)
        {
            yield break;
        }

        var others = new List<SizeLedger>();
        for (var i = 1; i <= Options.OtherFlows && Options.FlowAt(i) is { } flow; i++)
        {
            others.Add(new SizeLedger(first.Asked.Question with { Flow = flow }));
        }

        if (others.Count > 0)
        {
            Phase = PathMtuPhase.OtherFlows;
        }

        foreach (var round in CompareAll(others, size))
        {
            yield return round;
        }

        others.RemoveAll(other => Fits(other, size));

        while (others.Count > 0 && !OutOfProbes)
        {
            var other = others[0];
            others.RemoveAt(0);
            var startNs = _nowNs;
            var sent = ProbesSent;
            var result = new FlowResult(other);
            foreach (var round in Search(result))
            {
                yield return round;
            }

            _current = first.Ledger;
            Phase = PathMtuPhase.OtherFlows;
            var own = other.LargestAnswered;
            if (own == size || own == 0)
            {
                continue;
            }

            (result.Sent, result.DurationNs, result.IsOver) = (ProbesSent - sent, _nowNs - startNs, true);
            _results.Add(result);
            foreach (var round in CompareAll(others, own))
            {
                yield return round;
            }

            foreach (var same in others.Where(flow => Fits(flow, own)).ToArray())
            {
                others.Remove(same);
                _results.Add(new FlowResult(same) { Like = result, IsOver = true });
            }
        }
    }

    private IEnumerable<SizeRound> CompareAll(List<SizeLedger> others, int size) =>
        Enumerable.Range(0, Tries).SelectMany(_ => Compare(others.Where(other => !IsSettled(other, size)), size));

    private IEnumerable<SizeRound> Compare(IEnumerable<SizeLedger> others, int size)
    {
        var asks = others.SelectMany(other => new[] { size + 1, size }.Where(each => each <= Largest && each > other.LargestAnswered && !IsBelieved(other, each))
            .Select(each => new SizeAsk(other, each))).ToArray();
        if (asks.Length == 0)
        {
            yield break;
        }

        if (Options.Protocol != ProbeProtocol.Udp)
        {
            yield return new SizeRound(asks);
            yield break;
        }

        foreach (var ask in asks)
        {
            yield return SizeRound.Pause(_nowNs + SizeLedger.AnswerEveryNs);
            yield return new SizeRound([ask]);
        }
    }

    /// <summary>Asking this flow for a size again would tell nothing new.</summary>
    private bool IsSettled(SizeLedger other, int size) =>
        other.LargestAnswered > size || Fits(other, size) || other.Count(size, AskState.Refused) > 0;

    private bool Fits(SizeLedger other, int size) => other.LargestAnswered == size && (size >= Largest || other.SmallestBad == size + 1);
}
