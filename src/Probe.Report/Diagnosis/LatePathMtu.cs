using Probe.Core.Evidence;
using Probe.Core.Packets;
using Probe.Core.Vocabulary;
using static Probe.Report.Diagnosis.TraceReading;

namespace Probe.Report.Diagnosis;

/// <summary>
/// PRB-MTU-002: connections whose path MTU is learned while they are open stall for the persist timer's first period. Their own kernel
/// refuses the segments they had built, so that nothing is on its way and no loss recovery starts; programs that watch retransmissions see
/// nothing.
/// </summary>
internal sealed class LatePathMtu : IRule
{
    private static readonly string[] RefusalCounters = ["IpFragFails", "IcmpOutDestUnreachs", "Ip6FragFails", "Icmp6OutPktTooBigs"];

    public string Id => "PRB-MTU-002";

    public string Title => "stall on a path MTU that is learned late";

    public IReadOnlyList<string> Needs => ["/pathMtus"];

    public IReadOnlyList<string> Falsifiers =>
    [
        "segments of the stalled connection were sent again: then they were lost on the path",
        "the peer's window was closed: then it waited for the peer",
        "this host told others, not itself, that packets are too big",
    ];

    public RuleResult Evaluate(Bundle bundle)
    {
        var findings = new List<Finding>();
        var missing = bundle.WithoutTest(tcp => tcp?.Stall is not null,
            "no connections were opened before and after learning (--tcp-stall)").ToList();
        foreach (var (mtu, pointer) in bundle.PathMtusOf())
        {
            switch (mtu.Tcp?.Stall)
            {
                case { Verdict: TcpStallVerdict.CannotTell or TcpStallVerdict.NotAnswering } stall:
                    missing.Add(Say($"{pointer:ours}/tcp/stall: {stall.Reason ?? "no verdict"}"));
                    break;
                case { Verdict: TcpStallVerdict.Stall } stall:
                    findings.Add(Make(mtu, stall, $"{pointer}/tcp/stall"));
                    break;
            }
        }

        return new RuleResult(findings, missing);
    }

    private Finding Make(PathMtuEvidence mtu, TcpStallEvidence stall, string pointer)
    {
        var (i, late) = Stalled(stall);
        var (was, now) = (late?.Before?.Pmtu ?? 0, stall.Learned?.LearnedMtu ?? late?.After?.Pmtu ?? 0);
        return new Finding
        {
            Rule = Id,
            Title = Say(
                $"Connections to {mtu.Target} port {stall.Port} stall {Units.Milliseconds(stall.StallNs):ours} ms "
                    + $"when the path MTU {now} is learned"),
            Severity = Severity.Degraded,
            Confidence = stall.Confidence,
            Where = "this host's own TCP",
            Summary = Say(
                $"Connections are opened for packets of {was} octets; the first full segment of one of them teaches this host that the "
                    + $"path takes {now}. Any other connection that was open by then builds its next segments by the old size, and its "
                    + $"own kernel refuses them. Nothing is on its way then, so no acknowledgment and no loss recovery can come: the "
                    + $"octets wait for the persist timer. It comes back whenever the learned size is forgotten{Forgotten(stall):ours}."),
            Evidence = [.. Evidence(stall, pointer, i, late)],
            NotBecause = [.. NotBecause(stall, late)],
            Fix = [.. Fixes(stall, was, now)],
            Verify = mtu.TcpCommand("--tcp-stall", stall.Port, stall.Payload),
            Suppresses = ["PRB-TCP-001", "PRB-MTU-001"],
        };
    }

    private static (int Index, TcpStallConnection? Late) Stalled(TcpStallEvidence stall)
    {
        var index = -1;
        for (var c = 0; c < stall.Connections.Count; c++)
        {
            if (stall.Connections[c].StallNs > 0 && (index < 0 || stall.Connections[c].StallNs > stall.Connections[index].StallNs))
            {
                index = c;
            }
        }

        return (index, index < 0 ? null : stall.Connections[index]);
    }

    private static string Forgotten(TcpStallEvidence stall) =>
        stall.Learned?.ExpiresSeconds is { } seconds ? $", here in {Units.Count(seconds)} s" : "";

    private static IEnumerable<EvidenceItem> Evidence(TcpStallEvidence stall, string pointer, int index, TcpStallConnection? late)
    {
        yield return new EvidenceItem("nothing sent although the peer's window was open", $"{Units.Milliseconds(stall.StallNs)} ms",
            $"{pointer}/stallNs");
        if (late is not null)
        {
            var at = $"{pointer}/connections/{index}";
            yield return new EvidenceItem(Say($"connection {late.Name}: path MTU it reckons with"),
                $"{late.Before?.Pmtu} → {late.After?.Pmtu}", $"{at}/after/pmtu");
            var sample = late.Samples.Index().FirstOrDefault(item => item.Item is { NotSent: > 0, Unacked: 0 });
            if (sample.Item is { } stuck)
            {
                var timer = stuck.Timer is TcpTimer.Persist or TcpTimer.Retransmit ? Word.Of(stuck.Timer) : "none";
                yield return new EvidenceItem(
                    Say($"the same {Units.Milliseconds(stuck.AtNs):ours} ms after its first octet: "
                        + $"octets not sent, segments on their way, timer"),
                    $"{stuck.NotSent}, {stuck.Unacked}, {timer}", $"{at}/samples/{sample.Index}");
            }

            yield return new EvidenceItem("segments sent again by it", Units.Count(late.After?.TotalRetrans), $"{at}/after/totalRetrans");
        }

        foreach (var name in RefusalCounters)
        {
            if (stall.Counters.TryGetValue(name, out var moved))
            {
                yield return new EvidenceItem($"counter {name}", $"+{moved}", $"{pointer}/counters/{name}");
            }
        }

        if (stall.SelfIcmp is { } self)
        {
            yield return new EvidenceItem("ICMP \"packet too big\" from this host to itself, about these connections", Units.Count(self),
                $"{pointer}/selfIcmp");
        }

        if (stall.PathIcmpFrom is { } from)
        {
            yield return new EvidenceItem(Say($"the same from {from}, who limits"), Units.Count(stall.PathIcmp), $"{pointer}/pathIcmpFrom");
        }

        if (stall.Learned is { } learned)
        {
            var configured = Units.Count(learned.ConfiguredMtu ?? learned.DeviceMtu);
            yield return new EvidenceItem(
                Say($"path MTU learned for {learned.Destination}, route configured with {configured:ours}"),
                Units.Count(learned.LearnedMtu), $"{pointer}/learned");
        }
    }

    private static IEnumerable<string> NotBecause(TcpStallEvidence stall, TcpStallConnection? late)
    {
        if (late?.After is { TotalRetrans: 0 })
        {
            yield return "not loss on the path: no segment of the stalled connection was sent again";
        }

        if (late?.After is { SndWnd: > 0 })
        {
            yield return "not a slow peer: its window was open";
        }

        if (stall.Connections.FirstOrDefault(connection => connection.Name is "D") is { StallNs: 0, AcknowledgedNs: { } ns })
        {
            yield return $"not the server: a connection opened afterwards sent the same in {Units.Milliseconds(ns)} ms";
        }
    }

    private static IEnumerable<string> Fixes(TcpStallEvidence stall, int was, int now)
    {
        if (stall.FittingMss is { } mss)
        {
            if (stall.Learned?.RouteCommand(mss) is { } command)
            {
                yield return $"on this host, and so on every client: {command}";
            }

            yield return "or on the servers, so that clients never build larger segments: "
                + $"MSS {mss} (path MTU {now} − {now - mss} of IP and TCP), by advmss on their routes or a clamp on the way";
        }

        if (was > now && now > 0)
        {
            var tunnel = TunnelOverheads.NameOf(was - now) is { } name ? $", as {name} adds" : "";
            yield return $"or let the link below carry {was} + {was - now} octets ({was} − {now} = {was - now}{tunnel})";
        }
    }
}
