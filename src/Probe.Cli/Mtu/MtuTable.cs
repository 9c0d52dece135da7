using System.Globalization;
using Probe.Cli.Output;
using Probe.Core.Evidence;
using Probe.Core.PathMtu;
using Probe.Core.Vocabulary;
using Probe.Report.Charts;
using Probe.Report;
using Probe.Report.Diagnosis;

namespace Probe.Cli.Mtu;

/// <summary>Path MTUs for people: the ladder of sizes, who limits, what fits, what to do; a table where there are several.</summary>
internal static class MtuTable
{
    private const int LongestLine = 4000;

    public static void Write(Bundle bundle, TextWriter writer, Palette palette)
    {
        var paths = bundle.PathMtus ?? [];
        var targets = paths.GroupBy(path => path.Target, StringComparer.Ordinal).ToList();
        if (paths.Count > 1)
        {
            WriteRows(paths, writer, palette);
        }

        // One target's flows: the first stands for those that agree with it, the others differ and are drawn too.
        if (paths.Count == 1 || (targets.Count == 1 && paths.All(path => path.Real is null)))
        {
            foreach (var path in paths)
            {
                if (paths.Count > 1)
                {
                    writer.WriteLine();
                }

                WriteOne(path, writer, palette);
            }
        }

        foreach (var finding in bundle.Findings ?? [])
        {
            writer.WriteLine(Safe(Notes.Of(finding)));
            foreach (var fix in finding.Fix)
            {
                writer.WriteLine(Safe($"  {fix}"));
            }
        }

        foreach (var gap in bundle.Gaps ?? [])
        {
            writer.WriteLine(Safe(Notes.Of(gap)));
        }
    }

    /// <summary>How far a search is, in one line.</summary>
    public static string Progress(PathMtuSearch search)
    {
        var passes = search.LargestAnswered is { } largest ? $"{largest} octets pass" : "no answer yet";
        var fails = search.SmallestLost is { } smallest ? $", {smallest} do not" : "";
        var doing = search.Phase switch
        {
            PathMtuPhase.Confirming => "telling a hole from loss",
            PathMtuPhase.CrossChecking => "telling the two directions apart",
            PathMtuPhase.Locating => "looking for the hop",
            PathMtuPhase.OtherFlows => "comparing other flows",
            _ => "searching",
        };
        return $"{doing}: {passes}{fails}; {search.ProbesSent} packets";
    }

    private static void WriteRows(IReadOnlyList<PathMtuEvidence> paths, TextWriter writer, Palette palette)
    {
        var odd = OddOnes(paths);
        var table = new TextTable(
            new Column("Target"), new Column("Real"), new Column("Flow", Align.Right), new Column("MTU", Align.Right),
            new Column("Outside", Align.Right), new Column("Verdict"), new Column(""));
        foreach (var path in paths)
        {
            table.Add(
                path.Target, path.Real ?? "", path.Flow is { } flow ? $"{flow.Id}" : "", Number(path.Mtu),
                path.Via.Count > 0 ? Number(path.OuterMtu) : "",
                new Cell($"{Word.Of(path.Verdict)} ({Word.Of(path.Confidence)})", ToneOf(path)),
                odd.Contains(path) ? new Cell("← differs", Tone.Warning) : "");
        }

        table.Write(writer, palette);
    }

    /// <summary>
    /// Real servers that differ from what most of their service have, and flows that differ from the first, which stands for all that agree
    /// with it.
    /// </summary>
    internal static HashSet<PathMtuEvidence> OddOnes(IReadOnlyList<PathMtuEvidence> paths)
    {
        var odd = new HashSet<PathMtuEvidence>(ReferenceEqualityComparer.Instance);
        foreach (var target in paths.GroupBy(path => path.Target, StringComparer.Ordinal))
        {
            var servers = target.GroupBy(path => path.Real, StringComparer.Ordinal).ToList();
            odd.UnionWith(servers.SelectMany(flows => flows.Skip(1).Where(flow => KindOf(flow) != KindOf(flows.First()))));
            var kinds = servers.Select(flows => flows.First()).GroupBy(KindOf).OrderByDescending(kind => kind.Count()).ToList();
            odd.UnionWith(kinds.Skip(1).SelectMany(kind => kind));
            if (kinds.Count > 1 && kinds[0].Count() == kinds[1].Count())
            {
                odd.UnionWith(kinds[0]);
            }
        }

        return odd;
    }

    private static (int? Mtu, PathMtuVerdict Verdict) KindOf(PathMtuEvidence path) => (path.Mtu, path.Verdict);

    private static void WriteOne(PathMtuEvidence path, TextWriter writer, Palette palette)
    {
        writer.WriteLine(palette.Paint(Heading(path), Tone.Strong));
        foreach (var row in SizeLadder.Draw(path))
        {
            writer.WriteLine(
                palette.Paint(row,
                row.Contains('✓', StringComparison.Ordinal) ? Tone.Good : row.Contains('✗', StringComparison.Ordinal)
                ? Tone.Bad : Tone.Faint));
        }

        writer.WriteLine(palette.Paint(Safe(Plain(PathMtuWords.Verdict(path))), ToneOf(path)));
        if (PathMtuWords.Fits(path).ToString() is { Length: > 0 } fits)
        {
            writer.WriteLine(Safe(fits.Replace("`", "", StringComparison.Ordinal)));
        }

        if (path.Signals.FirstOrDefault(signal => signal.Implausible) is { } lie && path.Verdict != PathMtuVerdict.WrongSignal)
        {
            writer.WriteLine(Safe($"{lie.From} names MTU {lie.Mtu}, which cannot be true; it was not believed."));
        }

        var fixes = PathMtuWords.Fixes(path);
        for (var i = 0; i < fixes.Count; i++)
        {
            writer.WriteLine($"{(i == 0 ? "What helps:" : "           ")} {Safe(fixes[i])}");
        }

        if (path is { Verdict: PathMtuVerdict.Clear, Via.Count: 0 }
            and ({ ProvedBy: PathMtuProof.Echo or PathMtuProof.Ack } or { Reason: PathMtuReason.NoProof }))
        {
            writer.WriteLine("A load balancer answers such probes itself: behind one, ask a service's port (--tcp -p PORT).");
        }

        writer.WriteLine(palette.Paint(Cost(path), Tone.Faint));
        if (path.Tcp is { } tcp)
        {
            TcpTables.Write(tcp, writer, palette);
        }
    }

    private static string Heading(PathMtuEvidence path)
    {
        var to = path.Address is null || path.Target == path.Address ? path.Target : $"{path.Target} ({path.Address})";
        var how = path is { Mtu: not null, ProvedBy: { } proof } ? $", by {ProofName(proof)}" : "";
        var real = path.Real is { } server ? $" on {server}" : "";
        var via = path.Via.Count > 0 ? $" via {string.Join(", ", path.Via)}" : "";
        var flow = path.Flow is { } one ? $", flow {one.Id} (source port {one.SourcePort})" : "";
        var size = path.Mtu is { } mtu ? $"{mtu} octets ({Word.Of(path.Confidence)})" : "unknown";
        return Safe($"Path MTU to {to}{real}{via}{flow}: {size}{how}");
    }

    private static string ProofName(PathMtuProof proof) => proof switch
    {
        PathMtuProof.SynPayload => "an answer to a SYN with payload",
        PathMtuProof.Established => "an acknowledgment within a connection",
        PathMtuProof.Echo => "an echo reply",
        PathMtuProof.Ack => "a reset",
        _ => "an answer to a datagram",
    };

    private static string Cost(PathMtuEvidence path)
    {
        var exact = path is { ExactSent: { } sent, ExactNs: { } ns } && sent < path.Sent
            ? $" (the size was known after {sent} and {Durations.Milliseconds(ns)} ms)" : "";
        var loss = path.Loss is > 0
            ? $", {(path.Loss.Value * 100).ToString("0.#", CultureInfo.InvariantCulture)} % of the small ones lost" : "";
        return $"{path.Sent} packets in {Durations.Milliseconds(path.DurationNs)} ms{exact}{loss}";
    }

    // Names in it are short, or were made so; a sentence of ours may be longer than a name.
    private static string Safe(string text) => StrangerText.Clean(text, LongestLine);

    // Addresses need no marks on a terminal.
    private static string Plain(Probe.Report.Markdown.Prose prose) => prose.ToString().Replace("`", "", StringComparison.Ordinal);

    private static string Number(int? octets) => octets?.ToString(CultureInfo.InvariantCulture) ?? "-";

    private static Tone ToneOf(PathMtuEvidence path) => path.Verdict switch
    {
        PathMtuVerdict.Clear or PathMtuVerdict.Signalled => Tone.Good,
        PathMtuVerdict.NotAnswering or PathMtuVerdict.Unstable => Tone.Warning,
        _ => Tone.Bad,
    };
}
