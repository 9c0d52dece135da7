using Probe.Cli.Frame;
using Probe.Cli.Output;
using Probe.Core.Linux.Terminal;

namespace Probe.Cli.Trace;

/// <summary>A trace that is watched on a terminal while it runs.</summary>
internal sealed class LiveTraceMeasurement(TraceRequest request, Palette palette) : IMeasurement
{
    /// <summary>True when there is a terminal that a view can be drawn on now.</summary>
    public static bool IsPossible()
    {
        if (Environment.GetEnvironmentVariable("TERM") is null or "" or "dumb")
        {
            return false;
        }

        using var terminal = FullScreenTerminal.Open();
        return terminal is { IsForeground: true };
    }

    /// <inheritdoc/>
    public Measured Measure(RunFrame frame)
    {
        using var terminal = FullScreenTerminal.Open()
            ?? throw UserError.CannotRun("the terminal is gone; for a table at the end use --report");
        using var aids = TraceAids.Open(request);
        using var trace = new LiveTrace(request, frame, terminal, aids, palette);
        return trace.Run();
    }
}
