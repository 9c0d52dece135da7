using Probe.Core.Packets;
using Probe.Core.Probing;
using Probe.Core.Vocabulary;

namespace Probe.Core.PathMtu;

/// <content>What follows once a size is known: other ways to ask, the place of a black hole, other flows.</content>
public sealed partial class PathMtuSearch
{
    private const int Tries = 3;
    private const int LongestPath = 24;

    /// <summary>An error quotes so much of a large datagram that it is this long itself (RFC 1812 section 4.3.2.3, RFC 4443 section 2.4).</summary>
    private int LongestError => Options.Target.IsV6 ? 1280 : 576;

    /// <summary>Asks in other ways where the first way's answer may mean something else, until whoever serves the target has answered.</summary>
    private IEnumerable<SizeRound> CrossCheck(FlowResult result)
    {
        // Without a tunnel of our own a load balancer may stand there: a SYN says most.
        foreach (var question in Options.CrossChecks.OrderByDescending(question => Options.Via.IsEmpty && question.Proof == PathMtuProof.SynPayload))
        {
            var ledger = result.Ledger;
            var answered = ledger.LargestAnswered;
            if (!Doubts(result, question) || (question.Protocol == ProbeProtocol.Udp && answered is > 0 && answered < LongestError))
            {
                continue;
            }

            Phase = PathMtuPhase.CrossChecking;
            var other = new SizeLedger(question);
            var bad = answered > 0 ? Math.Min(answered + 1, Largest) : Largest;
            for (var i = 0; i < Tries && other.LargestAnswered == 0; i++)
            {
                yield return Round(other, i > 0 ? [Smallest] : answered > 0 ? new[] { Largest, bad, answered, Smallest }.Distinct() : [Largest, Smallest]);
            }

            if (other.LargestAnswered == 0 || (other.IsAmbiguous && other.LargestAnswered < Largest))
            {
                continue;
            }

            // Small ones are answered: what this way says counts.
            for (var i = 0; i < Tries && other.LargestAnswered < bad && (other.LargestAnswered < answered || other.Count(bad, AskState.Refused) == 0) && answered > 0; i++)
            {
                yield return Round(other, new[] { bad, answered }.Where(size => size > other.LargestAnswered).Distinct());
            }

            if (answered > 0 && answered < Largest && other.LargestAnswered == answered && !Options.AskedFromOutside)
            {
                // Both ways stop at the same size: it is the way there.
                result.ConfirmedBy = other.Proof;
            }
            else if (answered < Largest || other.LargestAnswered < Largest)
            {
                var isBack = ledger.Question.Protocol == ProbeProtocol.Icmp && answered > 0 && answered < Largest && other.LargestAnswered >= bad;
                result.Returning = isBack ? ledger : result.Returning;
                (result.Ledger, result.ConfirmedBy) = (other, null);
                (result.ExactSent, result.ExactNs) = (null, null);
                foreach (var round in Search(result))
                {
                    yield return round;
                }
            }
            else if (other.IsServed)
            {
                result.Ledger = other;
            }
        }
    }

    /// <summary>This other way could tell what was not told yet.</summary>
    private bool Doubts(FlowResult result, PathMtuQuestion other)
    {
        var ledger = result.Ledger;
        var isSyn = other.Proof == PathMtuProof.SynPayload;
        var isAskedBySyn = ledger.Question.Proof == PathMtuProof.SynPayload;
        if (ledger.LargestAnswered == 0)
        {
            return !isAskedBySyn;
        }

        if (Options.Via.IsEmpty && (ledger.IsServed || result.ConfirmedBy == PathMtuProof.SynPayload))
        {
            return false;
        }

        // A load balancer answers echo requests and stray segments itself, and refuses what it does not balance.
        if (Options.AskedFromOutside || result.ConfirmedBy is not null || (ledger.LargestAnswered >= Largest && Options.Via.IsEmpty))
        {
            return isSyn && Options.Via.IsEmpty;
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
        if (!Options.Locate || found.IsAmbiguous || found.LargestAnswered == 0 || found.LargestAnswered >= Largest || found.Signals.Any(signal => signal.Ask.Size == found.LargestAnswered + 1)
            || IsSignalled(found) || found.IsLimitedHere || found.SmallestBad != found.LargestAnswered + 1)
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
        // What the target itself answers through a tunnel came out at the tunnel's end.
        var after = AddressAt(ledger, hop + 1);
        if (found.Question.Protocol == ProbeProtocol.Icmp && result.ConfirmedBy is null && (after.IsNone || after == Options.Target))
        {
            // As far as hops answer, large ones get there: the target's own answer, as large, may be what dies.
            yield break;
        }

        result.Place = new HolePlace(hop, AddressAt(ledger, hop), after == Options.Target && !Options.Via.IsEmpty ? Options.Via.Layers[0].Remote : after);
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
        FlowsWanted = size > 0 ? Options.OtherFlows : 0;
        if (size == 0 || first.Ledger.IsAmbiguous || first.Asked.LargestAnswered != size)
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

        FlowsCompared += others.RemoveAll(other => Fits(other, size));

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
            FlowsSilent += own == 0 ? 1 : 0;
            FlowsCompared += own > 0 && (own >= Largest || other.SmallestBad == own + 1) ? 1 : 0;
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
                FlowsCompared++;
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
