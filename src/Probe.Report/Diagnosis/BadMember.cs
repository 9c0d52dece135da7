using Probe.Core.Evidence;
using Probe.Core.Vocabulary;
using Probe.Report.Markdown;
using static Probe.Report.Diagnosis.TraceReading;

namespace Probe.Report.Diagnosis;

/// <summary>
/// PRB-PATH-003: the flows that lose are those that use one link, and the others do not: one member of a balanced path is bad. What a
/// target that limits its answers leaves out follows no link, so that whole flows must fall apart there; else single probes count.
/// </summary>
internal sealed class BadMember : IRule
{
    private const double Significant = 0.05;
    private const double Certain = 0.01;
    private const int FewestFlows = 2;

    // Linux's routers and hosts answer a peer once a second beyond six at once (icmp_ratelimit): one in fifty within this time, and some
    // are faster.
    private const long AtOnceNs = 20_000_000;
    private const double ChanceAtOnce = 0.1;
    private const int FlowsThatConvince = 3;

    public string Id => "PRB-PATH-003";

    public string Title => "loss on one link of a balanced path only";

    public IReadOnlyList<string> Needs => ["/traces"];

    public IReadOnlyList<string> Falsifiers =>
        ["the same flows lose nothing while others still use the link", "flows that avoid the link lose as much"];

    public RuleResult Evaluate(Bundle bundle)
    {
        var findings = new List<Finding>();
        var missing = new List<string>();
        foreach (var (trace, pointer) in bundle.TracesOf())
        {
            var flows = trace.Flows.Select(Measure).OfType<FlowLoss>().DistinctBy(flow => flow.Id).ToDictionary(flow => flow.Id);
            if (trace.LocalLost > 0 && trace.Links.Count > 0 && flows.Count > 1)
            {
                missing.Add(
                    Say($"{pointer:ours}: up to {trace.LocalLost} answers were lost in the measuring host, "
                        + $"so that no loss can be told from them"));
                continue;
            }

            findings.AddRange(Members(trace, flows).Select(member => Make(trace, pointer, member)));
        }

        return new RuleResult(findings, missing);
    }

    private static FlowLoss? Measure(FlowEvidence flow) => flow is { SentToTarget: > 0 and var sent, AnsweredByTarget: { } answered }
        ? new FlowLoss(flow.Id, sent, Math.Clamp(sent - answered, 0, sent))
        : null;

    /// <summary>The bad links, one after the other: the worst first, the next among the flows that are left.</summary>
    private static List<Member> Members(TraceEvidence trace, Dictionary<int, FlowLoss> flows)
    {
        var members = new List<Member>();
        var left = flows.Values.ToList();
        var candidates =
            trace.Links.Select((link, i) => (Link: link, Index: i, Flows: link.Flows.Where(flows.ContainsKey).Distinct().Order().ToArray()))
            .Where(link => link.Flows.Length >= FewestFlows)
            .GroupBy(link => string.Join(' ', link.Flows), StringComparer.Ordinal)
            .Select(same => same.OrderBy(link => link.Link.Ttl).ToArray()).ToArray();
        while (true)
        {
            var worst = candidates
                .Select(same =>
                    (Links: same, Inside: left.FindAll(flow => same[0].Flows.Contains(flow.Id)),
                    Outside: left.FindAll(flow => !same[0].Flows.Contains(flow.Id))))
                .Where(cut => cut.Inside.Count == cut.Links[0].Flows.Length && cut.Outside.Count >= FewestFlows)
                .Select(cut => (cut.Links, cut.Inside, cut.Outside, Gap: Share(cut.Inside) - Share(cut.Outside)))
                .Where(cut => cut.Gap > 0)
                .OrderByDescending(cut => cut.Gap).ThenBy(cut => cut.Inside.Count).FirstOrDefault();
            if (worst.Links is null)
            {
                break;
            }

            // The loss begins where the flows' answers begin to be missing; the link before that still carried them all.
            var share = Share(worst.Inside);
            var start = Array.Find(worst.Links, link => link.Link.Loss >= share / 2);
            var (link, index, _) = start.Link is null ? worst.Links[^1] : start;
            var leading = Array.Find(worst.Links,
                before => before.Link.Ttl == link.Ttl - 1 && string.Equals(before.Link.To, link.From, StringComparison.Ordinal));
            members.Add(new Member(link, index, leading.Link?.From, worst.Inside, worst.Outside));
            left = worst.Outside;
        }

        // Each is judged against the flows that no bad link has: another bad one must not hide it.
        return [.. members.Select(member => member with { Others = left }).Where(member => Share(member.Others) <= Share(member.Flows) / 5)
            .Select(member => member with { Chance = ChanceOf(trace, member) * candidates.Length })
            .Where(member => member.Chance <= Significant)];
    }

    private static double ChanceOf(TraceEvidence trace, Member member)
    {
        var all = member.Flows.Concat(member.Others).ToArray();
        var leastBad = member.Flows.Min(flow => flow.Share);
        var byFlow = leastBad == 0
            ? 1 : ExactTest.Chance(member.Flows.Count, member.Flows.Count, all.Length, all.Count(flow => flow.Share >= leastBad));
        var limits = trace.Hops.SelectMany(hop => hop.Nodes).Where(trace.IsTarget)
            .Any(node => node.Replies.Any(reply => ReplyKinds.MayBeRateLimited(reply.Kind)));
        return limits
            ? Math.Max(byFlow, ChanceOfLimit(trace, member))
            : Math.Min(byFlow,
                ExactTest.Chance(member.Flows.Sum(flow => flow.Sent), member.Flows.Sum(flow => flow.Lost), all.Sum(flow => flow.Sent),
                all.Sum(flow => flow.Lost)));
    }

    /// <summary>
    /// The chance that the target's own limit left out these answers: it refuses all alike until its next one is due, so that hardly any
    /// probe that got none is followed at once by one of another flow that gets one.
    /// </summary>
    private static double ChanceOfLimit(TraceEvidence trace, Member member)
    {
        var lossy = member.Flows.Select(flow => flow.Id).ToHashSet();
        var probes = (trace.Probes ?? []).Where(probe => probe.Ttl >= (trace.ReachedTtl ?? 0)).OrderBy(probe => probe.SentNs).ToArray();
        var (trials, answered) = (0, 0);
        for (var i = 0; i < probes.Length; i++)
        {
            if (probes[i].RttNs is not null || !lossy.Contains(probes[i].Flow))
            {
                continue;
            }

            var next = probes.Skip(i + 1).FirstOrDefault(probe => !lossy.Contains(probe.Flow));
            if (next is not null && next.SentNs - probes[i].SentNs <= AtOnceNs)
            {
                trials++;
                answered += string.Equals(next.From, trace.Address, StringComparison.Ordinal) ? 1 : 0;
            }
        }

        return trials == 0 ? 1 : ExactTest.AtLeast(answered, trials, ChanceAtOnce);
    }

    private static double Share(List<FlowLoss> flows) => flows.Sum(flow => flow.Lost) / (double)Math.Max(1, flows.Sum(flow => flow.Sent));

    private Finding Make(TraceEvidence trace, string pointer, Member member)
    {
        var (flows, others, link) = (member.Flows, member.Others, member.Link);
        var total = flows.TrueForAll(flow => flow.Lost == flow.Sent);
        var clean = others.TrueForAll(flow => flow.Lost == 0);
        var convincing = flows.Count >= FlowsThatConvince && others.Count >= FlowsThatConvince;
        var (way, place) = (link.From, link.To) switch
        {
            ({ } from, { } to) => (Prose.Of($"{from} → {to}"), "there"),
            ({ } from, null) when member.Before is { } before => (Prose.Of($"{before} → {from}"), "behind it"),
            ({ } from, null) => (Prose.Of($"{from}"), "behind it"),
            (null, { } to) => (Prose.Of($"a silent hop before {to}"), "there"),
            _ => (Prose.Of($"a silent hop"), "there"),
        };
        var all = flows.Count + others.Count;
        var what = total ? Prose.Of($"all are lost {place:ours}") : Prose.Of($"lose {Units.Percent(Share(flows)):ours} {place:ours}");
        var rest = clean ? "lose nothing" : $"lose {Units.Percent(Share(others))}";
        return new Finding
        {
            Rule = Id,
            Title = Say($"{flows.Count} of {trace.Flows.Count} flows go through {way} and {what}; the other {others.Count} {rest:ours}"),
            Severity = Severity.Degraded,
            Confidence = !convincing ? Confidence.Hint : total && clean && member.Chance <= Certain ? Confidence.Proved : Confidence.Likely,
            Where = $"TTL {link.Ttl} to {link.Ttl + 1}, {StrangerText.Clean(link.From ?? "silent")} → "
                + $"{StrangerText.Clean(link.To ?? "silent")}",
            Summary = Say(
                $"Of {all} measured flows to {trace.Target}, "
                    + $"the {flows.Count} that go through {way} and {what}, the other {others.Count} {rest:ours}. "
                    + $"Who of all clients is hit depends on the hash of addresses and ports; the same client is hit every time."),
            Evidence =
            [
                new EvidenceItem(
                    Say($"flows {string.Join(", ", flows.Select(flow => flow.Id)):ours}: probes lost on the way to the target or back"),
                    $"{flows.Sum(flow => flow.Lost)} of {flows.Sum(flow => flow.Sent)}",
                    $"{pointer}/links/{member.Index}"),
                new EvidenceItem("the other flows: probes lost", $"{others.Sum(flow => flow.Lost)} of {others.Sum(flow => flow.Sent)}",
                    $"{pointer}/flows"),
            ],
            NotBecause = ["not loss common to all paths: flows that avoid the link show it",
                "not a rate limit of one router: the target's own answers are missing"],
            Fix = [Say(
                $"take the link behind {link.From ?? "the last answering hop"} out of the balancing and look at its errors, "
                    + $"then trace the same flows again")],
            Verify = trace.TraceCommand() is { } command ? $"{command} --flows {trace.Flows.Count}" : null,
        };
    }

    private sealed record FlowLoss(int Id, int Sent, int Lost)
    {
        public double Share => Lost / (double)Sent;
    }

    private sealed record Member(LinkEvidence Link, int Index, string? Before, List<FlowLoss> Flows, List<FlowLoss> Others,
        double Chance = 1);
}
