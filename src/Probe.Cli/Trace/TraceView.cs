using System.Diagnostics;
using Probe.Cli.Frame;
using Probe.Cli.Output;
using Probe.Core.Evidence;
using Probe.Core.Vocabulary;

namespace Probe.Cli.Trace;

/// <summary>The trace of one host as people read it: a table, rows, a graph, a block for a ticket.</summary>
internal static class TraceView
{
    /// <summary>Shows the first trace of a document.</summary>
    public static void Show(TraceRequest request, CommandContext context, Bundle bundle)
    {
        var trace = bundle.Traces![0];
        switch (request.Output)
        {
            case TraceOutput.Csv:
                TraceCsv.Write(trace, context.Out, request.ShowsSystems);
                break;
            case TraceOutput.Dot:
                TraceDot.Write(trace, context.Out);
                break;
            case TraceOutput.Mermaid:
                TraceMermaid.Write(trace, context.Out);
                break;
            case TraceOutput.Paste:
                TracePaste.Write(trace, bundle, context.Out);
                break;
            case TraceOutput.Table or TraceOutput.Live:
                TraceTable.Write(trace, bundle, context.Out, context.Palette, request.ShowsSystems);
                return;
            default:
                throw new UnreachableException($"{request.Output} is no view of one trace");
        }

        WarnOfMode(trace, context);
    }

    /// <summary>Says the mode on standard error where the output has no place for it.</summary>
    private static void WarnOfMode(TraceEvidence trace, CommandContext context)
    {
        if (trace.Mode == TraceMode.Unprivileged)
        {
            context.Messages.Warning(UnprivilegedTrace.Mode(trace.Protocol));
        }
    }
}
