using Probe.Cli.Output;
using Probe.Core.Evidence;
using Probe.Core.Packets;
using Probe.Core.Tracing;

namespace Probe.Cli.Live;

/// <summary>
/// The table: hop, address, the chosen columns, the newest round-trip times and notes. Several addresses of one hop stand underneath each
/// other. What does not fit goes by weight; the address and the columns stay longest.
/// </summary>
internal sealed class LiveTable
{
    private const string Gap = "  ";
    private const int LeastAddress = 15;
    private const int UsualAddress = 22;
    private const int LeastBars = 8;
    private const int LeastNotes = 10;
    private const int MostBars = 40;

    private readonly TraceSnapshot _run;
    private readonly bool _names;
    private readonly List<LiveRow> _rows;
    private readonly List<(LiveColumn Column, Cell[] Cells, int Width)> _columns;
    private readonly string[] _addresses;
    private readonly string[] _notes;
    private readonly int _hopWidth;
    private readonly int _addressWidth;
    private readonly int _barsWidth;
    private readonly int _notesWidth;

    public LiveTable(TraceSnapshot run, ViewState state, int width)
    {
        _run = run;
        _names = state.Names;
        _rows = Rows(run.Trace);
        _addresses = [.. _rows.Select(row => Address(row, state.Names))];
        _notes = [.. _rows.Select(Notes)];
        _hopWidth = Math.Max(3, _rows.Select(row => HopText(row).Length).DefaultIfEmpty(0).Max());
        _columns = [.. LiveColumns.Of(state).Select(Measure)];

        var longest = _addresses.Select(StrangerText.CellWidth).DefaultIfEmpty(0).Max();
        int Left() => width - _hopWidth - Gap.Length - _columns.Sum(column => column.Width + Gap.Length);
        Lighten(Math.Clamp(longest, LeastAddress, UsualAddress) + Gap.Length + LeastBars, LiveColumn.LightWeight);
        Lighten(LeastAddress, int.MaxValue);
        void Lighten(int needed, int mostWeight)
        {
            while (Left() < needed && _columns.Count > 0 && _columns.MinBy(column => column.Column.Weight) is var light
                && light.Column.Weight <= mostWeight)
            {
                _columns.Remove(light);
            }
        }

        // Bars and notes share what the addresses leave; without a note the bars have it all.
        var left = Left();
        _addressWidth = Math.Min(Math.Max(longest, LeastAddress), Math.Max(Math.Min(LeastAddress, left), left * 3 / 5));
        left -= _addressWidth + Gap.Length;
        var notes = _notes.Select(StrangerText.CellWidth).DefaultIfEmpty(0).Max();
        _barsWidth = left < LeastBars ? 0 : notes == 0 ? left : Math.Max(Math.Max(left / 2, left - notes - Gap.Length), LeastBars);
        _barsWidth = Math.Min(MostBars, _barsWidth);
        _notesWidth = Math.Max(0, left - (_barsWidth > 0 ? _barsWidth + Gap.Length : 0));
        if (_barsWidth > 0 && notes > _notesWidth && _notesWidth < LeastNotes)
        {
            (_barsWidth, _notesWidth) = (Math.Min(MostBars, left), 0);
        }
    }

    /// <summary>Rows without the heading.</summary>
    public int Count => _rows.Count;

    /// <summary>Writes the heading.</summary>
    public void Heading(LineBuilder line)
    {
        line.Add(StrangerText.PadLeft("Hop", _hopWidth) + Gap + StrangerText.PadRight("Address", _addressWidth), Tone.Strong);
        foreach (var (column, _, width) in _columns)
        {
            line.Add(Gap
                + (column.Align == Align.Right ? StrangerText.PadLeft(column.Header, width) : StrangerText.PadRight(column.Header, width)),
                Tone.Strong);
        }

        line.Add(_barsWidth > 0 ? Gap + StrangerText.PadRight("RTT", _barsWidth) : "", Tone.Strong);
        line.Add(_notesWidth > 0 && _notes.Any(note => note.Length > 0) ? Gap + "Notes" : "", Tone.Strong);
    }

    /// <summary>Writes one row.</summary>
    public void Row(int index, LineBuilder line)
    {
        var row = _rows[index];
        line.Add(StrangerText.PadLeft(row.IsFirst ? HopText(row) : "", _hopWidth)).Add(Gap);
        line.Add(TextTable.Cut(AddressOf(row, index), _addressWidth), row.Node is null ? Tone.Faint : Tone.Plain)
            .To(_hopWidth + Gap.Length + _addressWidth);
        foreach (var (column, cells, width) in _columns)
        {
            var cell = cells[index];
            var start = line.Cells + Gap.Length;
            if (column.Align == Align.Right)
            {
                line.To(start + width - StrangerText.CellWidth(cell.Text)).Add(cell.Text, cell.Tone);
            }
            else
            {
                line.Add(Gap).Add(TextTable.Cut(cell.Text, width), cell.Tone).To(start + width);
            }
        }

        if (_barsWidth > 0)
        {
            var start = line.Cells + Gap.Length;
            line.Add(Gap);
            Sparkline.Add(line, Sparkline.Draw(RecentOf(row), _barsWidth, row.Hop.Loss is not 0.0));
            line.To(_notes[index].Length > 0 ? start + _barsWidth : 0);
        }

        if (_notesWidth > 0 && _notes[index].Length > 0)
        {
            line.Add(Gap).Add(_notes[index], Tone.Warning);
        }
    }

    private static List<LiveRow> Rows(TraceEvidence trace)
    {
        var rows = new List<LiveRow>();
        var (shown, tail) = TraceCells.SplitSilentTail(trace.Hops);
        foreach (var hop in shown)
        {
            if (hop.Nodes.Count == 0)
            {
                rows.Add(new LiveRow(trace, hop, Node: null, hop.Ttl));
            }

            rows.AddRange(hop.Nodes.Select(node => new LiveRow(trace, hop, node, hop.Ttl)));
        }

        if (tail.Count > 0)
        {
            rows.Add(new LiveRow(trace, tail[0], Node: null, tail[^1].Ttl));
        }

        return rows;
    }

    private static string HopText(LiveRow row) => row.LastTtl > row.Hop.Ttl ? $"{row.Hop.Ttl}-{row.LastTtl}" : $"{row.Hop.Ttl}";

    private static string Address(LiveRow row, bool names) =>
        row.Node is not { } node ? TraceCells.Silent : names ? TraceCells.Address(node) : StrangerText.ForTerminal(node.Address);

    // Where both do not fit, the name alone says more than a name and half an address.
    private string AddressOf(LiveRow row, int index) =>
        _names && row.Node?.Name is { } name && StrangerText.CellWidth(_addresses[index]) > _addressWidth
            ? StrangerText.ForTerminal(name) : _addresses[index];

    private static string Notes(LiveRow row)
    {
        var notes = (row.Node is { } node ? TraceCells.BalancingNote(node).Concat(TraceCells.NodeNotes(row.Trace, node)) : [])
            .Concat(row.IsFirst ? TraceCells.HopNotes(row.Hop) : []);
        return StrangerText.ForTerminal(string.Join(", ", notes));
    }

    private (LiveColumn Column, Cell[] Cells, int Width) Measure(LiveColumn column)
    {
        Cell[] cells = [.. _rows.Select(column.Of)];
        return (column, cells, cells.Select(cell => StrangerText.CellWidth(cell.Text)).Append(column.Width).Max());
    }

    private IReadOnlyList<RecentProbe> RecentOf(LiveRow row)
    {
        if (row.Hop.Ttl >= _run.Recent.Count)
        {
            return [];
        }

        var all = _run.Recent[row.Hop.Ttl];
        if (row.IsAlone)
        {
            return all;
        }

        // What a flow lost is shown with the addresses that answered that flow.
        var address = IpAddress.Parse(row.Node!.Address);
        return [.. all.Where(probe => probe.IsUnanswered ? row.Node.Flows.Contains(probe.Flow) : probe.From == address)];
    }
}
