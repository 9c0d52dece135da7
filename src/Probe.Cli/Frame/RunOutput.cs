using Probe.Core.Evidence;

namespace Probe.Cli.Frame;

/// <summary>In which form a run's results go to standard output.</summary>
internal enum OutputForm
{
    /// <summary>As the command shows them: a table, rows, a picture.</summary>
    View,

    /// <summary>The document.</summary>
    Json,

    /// <summary>One element a line as it is finished, and the document without them last.</summary>
    Ndjson,
}

/// <summary>
/// Where results go: elements as they are finished, and the document at the end. Every command writes the forms of a document by this.
/// </summary>
/// <param name="context">The process, and the form that was asked for.</param>
/// <param name="view">Shows the document to people, with what the process will end with; null where everything is shown as it is
/// finished.</param>
internal sealed class RunOutput(CommandContext context, Action<Bundle, ExitStatus>? view = null)
{
    private readonly StreamedDocument _document = new(context.Out);

    /// <summary>Writes a finished check as a row; null where no rows are asked for.</summary>
    public Action<CheckEvidence>? CheckRow { get; init; }

    /// <summary>Writes a finished path MTU as a row; null where no rows are asked for.</summary>
    public Action<PathMtuEvidence>? PathMtuRow { get; init; }

    /// <summary>A check is written as it is finished and needs not be kept for the document.</summary>
    public bool StreamsChecks => context.Form == OutputForm.Ndjson || CheckRow is not null;

    /// <summary>Writes a trace that need not be kept; nothing in a view.</summary>
    public void Stream(TraceEvidence trace)
    {
        switch (context.Form)
        {
            case OutputForm.Ndjson:
                context.Out.Write(EvidenceJson.Line(trace));
                break;
            case OutputForm.Json:
                _document.Add(trace);
                break;
        }
    }

    /// <summary>Writes a check where elements are written one by one.</summary>
    public void Stream(CheckEvidence check)
    {
        if (context.Form == OutputForm.Ndjson)
        {
            context.Out.Write(EvidenceJson.Line(check));
        }

        CheckRow?.Invoke(check);
    }

    /// <summary>Writes a path MTU where elements are written one by one.</summary>
    public void Stream(PathMtuEvidence path)
    {
        if (context.Form == OutputForm.Ndjson)
        {
            context.Out.Write(EvidenceJson.Line(path));
        }

        PathMtuRow?.Invoke(path);
        Flush();
    }

    /// <summary>Hands what is written to whoever reads it.</summary>
    public void Flush() => context.Out.Flush();

    /// <summary>Writes what remains once everything is measured and judged.</summary>
    public void End(Bundle bundle, ExitStatus status)
    {
        switch (context.Form)
        {
            case OutputForm.Json when _document.IsBegun:
                _document.End(bundle);
                break;
            case OutputForm.Json:
                context.Out.Write(EvidenceJson.Serialize(bundle));
                break;
            case OutputForm.Ndjson:
                context.Out.Write(EvidenceJson.LastLine(bundle));
                break;
            default:
                view?.Invoke(bundle, status);
                break;
        }
    }
}
