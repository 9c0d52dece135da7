using Probe.Cli.Frame;
using Probe.Cli.Output;
using Probe.Core.Evidence;
using Probe.Core.Health;
using Probe.Core.Vocabulary;

namespace Probe.Cli.Check;

/// <summary>Checks for people: the counts first, then what is odd; with few targets every line.</summary>
internal static class CheckTable
{
    private const int FewTargets = 25;
    private const int MostOfOneKind = 20;

    public static void Write(Bundle bundle, CheckScore score, CheckRequest request, TextWriter writer, Palette palette)
    {
        var targets = bundle.Checks!.GroupBy(check => check.Name, StringComparer.Ordinal)
            .Select(checks => Row.Of([.. checks.OrderBy(check => check.Attempt)], request.Expected)).ToList();
        writer.WriteLine(palette.Paint(Heading(score, request), score.Down > 0 ? Tone.Bad : score.Unknown > 0 ? Tone.Warning : Tone.Good));
        var shown = targets.Count <= FewTargets ? targets : targets.Where(row => row.IsOdd);
        Column[] named = request.Targets.Any(target => target.Host.IsName) ? [new Column("Address")] : [];
        Column[] repeated = request.Pace.Count > 1 ? [new Column("Up/checks", Align.Right)] : [];
        var table = new TextTable(
            [new Column("Target"), .. named, new Column("Verdict"), new Column("RTT ms", Align.Right), .. repeated, new Column("Notes")]);
        var any = false;
        var left = new List<string>();
        foreach (var kind in shown.GroupBy(row => row.Verdict, StringComparer.Ordinal).OrderBy(kind => Weight(kind.First())))
        {
            var rows = kind.OrderBy(row => row.Last.Name, NaturalOrder.Instance).ToList();
            var most = targets.Count <= FewTargets ? rows.Count : MostOfOneKind;
            foreach (var row in rows.Take(most))
            {
                any = true;
                Cell[] address = named.Length > 0 ? [AddressOf(row.Last)] : [];
                Cell[] share = repeated.Length > 0 ? [row.Share] : [];
                table.Add(
                    [row.Last.Name, .. address, new Cell(row.Verdict, row.Tone), Durations.Milliseconds(row.Last.RttNs), .. share,
                    string.Join(", ", row.Notes)]);
            }

            if (rows.Count > most)
            {
                left.Add($"… and {rows.Count - most} more {kind.Key}; --csv lists them all.");
            }
        }

        if (any)
        {
            table.Write(writer, palette);
        }

        foreach (var line in left.Concat(Notes.Of(bundle)))
        {
            writer.WriteLine(StrangerText.ForTerminal(line));
        }
    }

    /// <summary>How many targets are up, down, or unknown for a fault of this host.</summary>
    public static string Counts(CheckScore score) =>
        $"{score.Up} up, {score.Down} down" + (score.Unknown > 0 ? $", {score.Unknown} not judged" : "");

    /// <summary>The one line that a monitoring system shows, with its figures.</summary>
    public static string StateLine(CheckScore score, ExitStatus status)
    {
        var state = status switch
        {
            ExitStatus.Fine => "OK",
            MonitoringStatus.Critical => "CRITICAL",
            _ => "UNKNOWN",
        };
        return $"CHECK {state} - {Counts(score)} | up={score.Up} down={score.Down} unknown={score.Unknown}";
    }

    private static string Heading(CheckScore score, CheckRequest request)
    {
        var count = request.Targets.Count;
        var kind = Word.Of(request.Kind);
        var notSeen = count - score.Seen;
        return $"{count} {(count == 1 ? "target" : "targets")} "
            + $"({kind}{(request.Pace.Count > 1 ? $", {request.Pace.Count} checks each" : "")}): {Counts(score)}"
            + (notSeen > 0 ? $", {notSeen} not checked" : "");
    }

    private static string AddressOf(CheckEvidence check) =>
        check.Address is { } address && !check.Target.Contains(address, StringComparison.Ordinal) ? address : "";

    // What is wrong stands first, what is well last.
    private static int Weight(Row row) => row.Tone switch
    {
        Tone.Bad => 0,
        Tone.Warning => 1,
        _ => 2,
    };

    /// <summary>One target.</summary>
    private sealed record Row(CheckEvidence Last, string Verdict, Tone Tone, string Share, bool IsOdd, IReadOnlyList<string> Notes)
    {
        public static Row Of(IReadOnlyList<CheckEvidence> checks, ExpectedState expected)
        {
            var last = checks[^1];
            var up = checks.Count(check => check.Verdict.IsAboutTarget() && !check.Verdict.CountsAsDown(expected));
            var tone = !last.Verdict.IsAboutTarget() ? Tone.Warning : last.Verdict.CountsAsDown(expected) ? Tone.Bad : Tone.Good;
            var notes = NotesOf(checks, last).ToList();
            return new Row(last, Word.Of(last.Verdict), tone, $"{up}/{checks.Count}",
                up < checks.Count || checks.Any(check => check.AckEscaped), notes);
        }

        private static IEnumerable<string> NotesOf(IReadOnlyList<CheckEvidence> checks, CheckEvidence last)
        {
            if (last.Reason is { } reason)
            {
                yield return Explain(reason, last);
            }

            if (last.Icmp is { } icmp && last.Reason is null)
            {
                yield return $"ICMP {icmp.Type}/{icmp.Code} from {icmp.From}";
            }

            if (last.FailedIn is { } phase && HasPhases(last.Kind) && phase is not CheckPhase.Dns)
            {
                yield return $"in {Word.Of(phase)}";
            }

            if (last.Weight == 0)
            {
                yield return "weight 0";
            }

            if (checks.Sum(check => check.SynRetransmits) is > 0 and var again)
            {
                yield return $"{again} SYN sent again";
            }

            if (checks.Count(check => check.AckEscaped) is > 0 and var escaped)
            {
                yield return $"{escaped} may have been accepted";
            }

            var others = checks.Where(check => check.Verdict != last.Verdict).GroupBy(check => check.Verdict)
                .Select(group => $"{group.Count()} {Word.Of(group.Key)}").ToList();
            if (others.Count > 0)
            {
                yield return "before: " + string.Join(" ", others);
            }
        }

        private static bool HasPhases(CheckKind kind) => kind switch
        {
            CheckKind.Tls or CheckKind.Http or CheckKind.SendExpect => true,
            CheckKind.Syn or CheckKind.Connect or CheckKind.Icmp or CheckKind.Udp => false,
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, message: null),
        };

        private static string Explain(CheckReason why, CheckEvidence check) => (check.Verdict, why.Kind) switch
        {
            (_, CheckReasonKind.Neighbour) => "neighbour: it answers no ARP or neighbour solicitation",
            (CheckVerdict.Local, CheckReasonKind.Gateway) => "gateway: the way out of this host is silent",
            (_, CheckReasonKind.Gateway) => "gateway: its own gateway is silent",
            (CheckVerdict.Local, CheckReasonKind.NoRoute) => $"no-route: this host's routes are gone ({check.Errno}); see: ip route",
            (_, CheckReasonKind.NoRoute) => $"no-route: this host has none to it ({check.Errno}), others get through",
            (_, CheckReasonKind.Name) => "name: it does not resolve",
            (_, CheckReasonKind.Resolver) => "resolver: none answered; see /etc/resolv.conf",
            (_, CheckReasonKind.Ports) => $"ports: no source port is left ({check.Errno}); see net.ipv4.ip_local_port_range",
            (_, CheckReasonKind.Descriptors) => $"descriptors: none is left ({check.Errno}); raise ulimit -n",
            (_, CheckReasonKind.Link) => "link: the interface is down; see: ip -br link",
            (_, CheckReasonKind.Reject) =>
                $"reject: a rule of this host answered with ICMP {check.Icmp?.Type}/{check.Icmp?.Code}; see: nft list ruleset",
            (_, CheckReasonKind.LocalRule) => $"local-rule: a rule of this host lets it not leave ({check.Errno}); see: nft list ruleset",
            _ when check.Errno is { } errno => $"{why} ({errno})",
            _ => why.ToString(),
        };
    }
}
