using Probe.Core.Probing;
using Probe.Core.Vocabulary;

namespace Probe.Core.PathMtu;

/// <summary>Other ways to ask, once one has found a size: it may limit the way back, or be a load balancer's own answer.</summary>
internal sealed class CrossCheck(SizeRange range, SearchProgress progress, SizeSearch search)
{
    private const int Tries = 3;

    /// <summary>
    /// An error quotes so much of a large datagram that it is this long itself (RFC 1812 section 4.3.2.3, RFC 4443 section 2.4).
    /// </summary>
    private int LongestError => range.Options.Target.IsV6 ? 1280 : 576;

    /// <summary>
    /// Asks in other ways where the first way's answer may mean something else, until whoever serves the target has answered.
    /// </summary>
    public IEnumerable<SizeRound> Check(FlowResult result)
    {
        // Without a tunnel of our own a load balancer may stand there: a SYN says most.
        foreach (var question in range.Options.CrossChecks.OrderByDescending(question =>
            range.Options.Via.IsEmpty && question.Proof == PathMtuProof.SynPayload))
        {
            var ledger = result.Ledger;
            var answered = ledger.LargestAnswered;
            if (!Doubts(result, question) || (question.Protocol == ProbeProtocol.Udp && answered is > 0 && answered < LongestError))
            {
                continue;
            }

            progress.Phase = PathMtuPhase.CrossChecking;
            var other = new SizeLedger(question);
            var bad = answered > 0 ? Math.Min(answered + 1, range.Largest) : range.Largest;
            for (var i = 0; i < Tries && other.LargestAnswered == 0; i++)
            {
                yield return SizeSearch.Round(other,
                    i > 0 ? [range.Smallest] : answered > 0
                    ? new[] { range.Largest, bad, answered, range.Smallest }.Distinct() : [range.Largest, range.Smallest]);
            }

            if (other.LargestAnswered == 0 || (other.IsAmbiguous && other.LargestAnswered < range.Largest))
            {
                continue;
            }

            // Small ones are answered: what this way says counts.
            for (var i = 0; i < Tries && other.LargestAnswered < bad
                && (other.LargestAnswered < answered || other.Count(bad, AskState.Refused) == 0) && answered > 0; i++)
            {
                yield return SizeSearch.Round(other, new[] { bad, answered }.Where(size => size > other.LargestAnswered).Distinct());
            }

            if (answered > 0 && answered < range.Largest && other.LargestAnswered == answered && !range.Options.AskedFromOutside)
            {
                // Both ways stop at the same size: it is the way there.
                result.ConfirmedBy = other.Proof;
            }
            else if (answered < range.Largest || other.LargestAnswered < range.Largest)
            {
                var isBack = ledger.Question.Protocol == ProbeProtocol.Icmp && answered > 0 && answered < range.Largest
                    && other.LargestAnswered >= bad;
                result.Returning = isBack ? ledger : result.Returning;
                (result.Ledger, result.ConfirmedBy) = (other, null);
                (result.ExactSent, result.ExactNs) = (null, null);
                foreach (var round in search.Search(result))
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

        if (range.Options.Via.IsEmpty && (ledger.IsServed || result.ConfirmedBy == PathMtuProof.SynPayload))
        {
            return false;
        }

        // A load balancer answers echo requests and stray segments itself, and refuses what it does not balance.
        if (range.Options.AskedFromOutside || result.ConfirmedBy is not null
            || (ledger.LargestAnswered >= range.Largest && range.Options.Via.IsEmpty))
        {
            return isSyn && range.Options.Via.IsEmpty;
        }

        return ledger.Question.Protocol == ProbeProtocol.Icmp && ledger.LargestAnswered < range.Largest && !SizeProof.IsSignalled(ledger);
    }
}
