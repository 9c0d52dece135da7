using System.Diagnostics;
using System.Globalization;
using Probe.Cli.Frame;
using Probe.Cli.Output;
using Probe.Core.Evidence;
using Probe.Core.Vocabulary;

namespace Probe.Cli.Trace;

/// <summary>Shows the traces of many targets to people, each as it is finished.</summary>
internal sealed class BulkView
{
    private const int WidestTarget = 40;

    private readonly TraceRequest _request;
    private readonly CommandContext _context;
    private readonly int _width;
    private readonly int? _columns;
    private bool _any;

    /// <param name="request">What every trace is.</param>
    /// <param name="context">Where the results go.</param>
    /// <param name="longestTarget">Characters of the longest host of the list.</param>
    public BulkView(TraceRequest request, CommandContext context, int longestTarget)
    {
        _request = request;
        _context = context;
        _width = Math.Clamp(longestTarget, "Host".Length, WidestTarget);
        _columns = context.Columns;
    }

    /// <summary>The run in one sentence, and its findings in a few lines; set once it is over.</summary>
    public IReadOnlyList<string> Summary { get; set; } = [];

    /// <summary>What comes before the first trace.</summary>
    public void Begin()
    {
        switch (_request.Output)
        {
            case TraceOutput.Csv:
                TraceCsv.WriteHeader(_context.Out, _request.ShowsSystems);
                break;
            case TraceOutput.Lines:
                _context.Out.WriteLine(_context.Palette.Paint($"{"Host".PadRight(_width)}  Hops      RTT  Path", Tone.Strong));
                break;
        }
    }

    /// <summary>Shows one trace.</summary>
    /// <param name="trace">The trace.</param>
    /// <param name="alone">A document of this trace alone, with its findings.</param>
    public void Show(TraceEvidence trace, Bundle alone)
    {
        switch (_request.Output)
        {
            case TraceOutput.Json or TraceOutput.Ndjson:
                break;
            case TraceOutput.Csv:
                TraceCsv.WriteRows(trace, _context.Out, _request.ShowsSystems);
                break;
            case TraceOutput.Lines:
                _context.Out.WriteLine(Line(trace));
                break;
            case TraceOutput.Paste:
                Separate();
                TracePaste.Write(trace, alone, _context.Out);
                break;
            case TraceOutput.Table:
                Separate();
                TraceTable.Write(trace, alone, _context.Out, _context.Palette, _request.ShowsSystems);
                break;
            default:
                throw new UnreachableException($"{_request.Output} is no view of many traces");
        }
    }

    /// <summary>What comes after the last trace.</summary>
    /// <param name="bundle">The document without its traces.</param>
    public void End(Bundle bundle)
    {
        if (_request.Output == TraceOutput.Lines)
        {
            foreach (var line in Summary.Concat((bundle.Gaps ?? []).Select(Notes.Of)))
            {
                _context.Out.WriteLine(StrangerText.ForTerminal(line));
            }
        }
    }

    private void Separate()
    {
        if (_any)
        {
            _context.Out.WriteLine();
        }

        _any = true;
    }

    private string Line(TraceEvidence trace)
    {
        var host = StrangerText.PadRight(TextTable.Cut(StrangerText.ForTerminal(trace.Target), _width), _width);
        var hops = trace.ReachedTtl?.ToString(CultureInfo.InvariantCulture) ?? "-";
        var target =
            trace.Hops.LastOrDefault(hop => hop.Ttl == trace.ReachedTtl)?.Nodes.FirstOrDefault(node => node.Address == trace.Address);
        var rtt = target?.RttNs is { } times ? Durations.Milliseconds(times.Avg) : "-";
        var front = $"{host}  {hops,4}  {rtt,7}  ";
        var path = StrangerText.ForTerminal(Path(trace));
        return _context.Palette.Paint(front, trace.Reached ? Tone.Plain : Tone.Bad)
            + (_columns is { } columns && columns > front.Length + 1 ? TextTable.Cut(path, columns - front.Length) : path);
    }

    private static string Path(TraceEvidence trace)
    {
        if (trace.Reason is { } reason)
        {
            return $"not probed: {Meaning(reason)}";
        }

        var (shown, tail) = TraceCells.SplitSilentTail(trace.Hops);
        var hops = shown.Select(hop => hop.Nodes.Count == 0 ? TraceCells.Silent : string.Join('|', hop.Nodes.Select(TraceCells.Address)))
            .ToList();
        if (tail.Count > 0)
        {
            hops.Add(tail.Count == 1 ? TraceCells.Silent : $"{TraceCells.Silent}×{tail.Count}");
        }

        return string.Join(' ', hops);
    }

    private static string Meaning(NotProbedReason reason) => reason switch
    {
        NotProbedReason.Name => "the name does not resolve",
        NotProbedReason.Resolver => "no resolver answered",
        NotProbedReason.NoRoute => "no route to it",
        NotProbedReason.TooBig => "the interface takes no packets of this size",
        _ => "a rule of this host lets nothing leave to it"
    };
}
