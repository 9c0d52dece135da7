using System.Globalization;
using Probe.Cli.Output;
using Probe.Core.Evidence;
using Probe.Core.Vocabulary;

namespace Probe.Cli.Live;

/// <summary>The whole screen as a pure function of what was seen, what the user chose, and the screen's size.</summary>
internal static class LivePage
{
    private const int MostFindings = 3;

    // Below these heights the table needs the lines more.
    private const int RoomForAll = 12;
    private const int RoomForSome = 6;

    private static readonly (string Key, string Meaning)[] Keys =
    [
        ("q", "quit"), ("p", "pause"), ("r", "reset"), ("i/u/t", "protocol"), ("f", "flow"), ("o", "columns"), ("n", "names"),
        ("h", "help"),
    ];

    /// <summary>Draws a screen.</summary>
    public static LiveFrame Render(LiveSnapshot snapshot, ViewState state, ScreenSize size, Palette palette)
    {
        var table = new LiveTable(snapshot.Run, state, size.Columns);
        var head = Head(snapshot, size, palette);
        var foot = Foot(snapshot, size, palette);
        var room = Math.Max(0, size.Rows - head.Count - foot.Count - 2);
        var top = Math.Clamp(state.Top, 0, Math.Max(0, table.Count - room));

        var lines = new List<ScreenLine>(size.Rows);
        lines.AddRange(head);
        if (state.Help)
        {
            lines.AddRange(LiveHelp.Lines.Take(room + 1).Select(line => Line(size, palette).Add(line).ToLine()));
        }
        else
        {
            lines.Add(Draw(size, palette, table.Heading));
            for (var row = top; row < Math.Min(table.Count, top + room); row++)
            {
                var index = row;
                lines.Add(Draw(size, palette, line => table.Row(index, line)));
            }
        }

        while (lines.Count < size.Rows - foot.Count - 1)
        {
            lines.Add(ScreenLine.Empty);
        }

        lines.AddRange(foot);
        lines.Add(
            KeyLine(snapshot, size, palette,
            table.Count > room ? $"{top + 1}-{Math.Min(table.Count, top + room)} of {table.Count} rows  " : ""));
        return new LiveFrame([.. lines.Take(size.Rows)], state with { Top = top });
    }

    private static List<ScreenLine> Head(LiveSnapshot snapshot, ScreenSize size, Palette palette)
    {
        var (run, trace) = (snapshot.Run, snapshot.Run.Trace);
        var to = (trace.Target == trace.Address ? trace.Address : $"{trace.Target} ({trace.Address})")
            + string.Concat(trace.Via.Select(text => $" via {text}"));
        var since = $"since {snapshot.Started.ToString()[..19].Replace('T', ' ')}Z";
        var first = Line(size, palette).Add(StrangerText.ForTerminal($"{to} from {trace.Source}"), Tone.Strong);
        if (first.Room >= since.Length + 2)
        {
            first.To(size.Columns - since.Length).Add(since, Tone.Faint);
        }

        if (size.Rows < RoomForSome)
        {
            return [first.ToLine()];
        }

        var second = Line(size, palette);
        if (run.Paused)
        {
            second.Add("PAUSED", Tone.Warning).Add("  ");
        }

        var port = trace.Port is { } number ? $" port {number}" : "";
        var asked = snapshot.CyclesAsked is { } count ? $" of {count}" : "";
        second.Add($"{trace.Protocol.ToString().ToUpperInvariant()}{port}, {trace.Size} octets, {Clock(snapshot.ElapsedNs)}, ");
        if (snapshot.Search is { } search)
        {
            second.Add(search, Tone.Strong);
            return size.Rows < RoomForAll ? [first.ToLine(), second.ToLine()] : [first.ToLine(), second.ToLine(), ScreenLine.Empty];
        }

        second.Add($"cycle {run.Cycles}{asked}, {run.Sent} sent, {run.Answered} answered");
        if (run.OnlyFlow is { } flow)
        {
            second.Add($", only flow {flow} of {trace.Flows.Count}{Ports(trace, flow)}", Tone.Warning);
        }
        else if (trace.Flows.Count > 1)
        {
            second.Add(trace.Multipath is null
                ? $", {trace.Flows.Count} flows" : $", {run.FlowsProbed} of {trace.Flows.Count} flows cover all");
        }

        if (TraceWords.ModeOf(trace) is not null)
        {
            second.Add(", unprivileged mode", Tone.Warning);
        }

        return size.Rows < RoomForAll ? [first.ToLine(), second.ToLine()] : [first.ToLine(), second.ToLine(), ScreenLine.Empty];
    }

    private static List<ScreenLine> Foot(LiveSnapshot snapshot, ScreenSize size, Palette palette)
    {
        if (size.Rows < RoomForSome)
        {
            return [];
        }

        var trace = snapshot.Run.Trace;
        var searching = !trace.Reached && snapshot.Run.Cycles <= 1;
        var lines = new List<ScreenLine>
        {
            Line(size, palette).Add(searching ? "Searching …" : StrangerText.ForTerminal(TraceWords.Verdict(trace)),
                trace.Reached ? Tone.Good : searching ? Tone.Plain : Tone.Bad).ToLine(),
        };
        if (size.Rows < RoomForAll)
        {
            return lines;
        }

        if (snapshot.Search is null && MultipathWords.Brief(trace) is { } found)
        {
            lines.Add(Line(size, palette).Add(found).ToLine());
        }

        if (trace.LocalLost > 0)
        {
            lines.Add(Line(size, palette).Add(TraceWords.LocalLoss(trace), Tone.Warning).ToLine());
        }

        foreach (var finding in snapshot.Findings.Take(MostFindings))
        {
            lines.Add(Line(size, palette).Add(StrangerText.ForTerminal(Notes.Of(finding)),
                finding.Severity >= Severity.Risk ? Tone.Bad : Tone.Warning).ToLine());
        }

        if (snapshot.Findings.Count > MostFindings)
        {
            lines.Add(Line(size, palette).Add($"and {snapshot.Findings.Count - MostFindings} more in the report").ToLine());
        }

        return lines;
    }

    private static ScreenLine KeyLine(LiveSnapshot snapshot, ScreenSize size, Palette palette, string position)
    {
        var line = Line(size, palette).Add(position);
        if (snapshot.Notice is { } notice)
        {
            return line.Add(StrangerText.ForTerminal(notice), Tone.Warning).ToLine();
        }

        foreach (var (key, meaning) in Keys)
        {
            line.Add(key, Tone.Strong).Add($" {meaning}  ", Tone.Faint);
        }

        return line.ToLine();
    }

    private static string Ports(TraceEvidence trace, int id) => trace.Flows.FirstOrDefault(flow => flow.Id == id) switch
    {
        { SourcePort: { } source } => $" (source port {source})",
        { IcmpChecksum: { } checksum } => $" (checksum 0x{checksum:x4})",
        _ => "",
    };

    private static string Clock(long ns) =>
        TimeSpan.FromSeconds(Math.Max(0, ns) / 1_000_000_000) is { TotalHours: var hours } time
            ? string.Create(CultureInfo.InvariantCulture, $"{(long)hours}:{time.Minutes:00}:{time.Seconds:00}")
            : "";

    private static LineBuilder Line(ScreenSize size, Palette palette) => new(size.Columns, palette);

    private static ScreenLine Draw(ScreenSize size, Palette palette, Action<LineBuilder> draw)
    {
        var line = Line(size, palette);
        draw(line);
        return line.ToLine();
    }
}
