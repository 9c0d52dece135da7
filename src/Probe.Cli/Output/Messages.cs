using System.Text;
using Probe.Core.Evidence;
using Probe.Core.Linux.Files;

namespace Probe.Cli.Output;

/// <summary>Standard error: one line an error or warning, and a progress line that stands there only while a terminal shows it.</summary>
internal sealed class Messages(StandardStream stream)
{
    private const int LongestLine = 4000;
    private const int ColumnsUnlessKnown = 80;
    private readonly Lock _lock = new();
    private bool _quiet;
    private bool _progressShown;

    /// <summary>True when the user wants to see stack traces.</summary>
    public bool Debug { get; private set; }

    /// <summary>Takes the user's wishes.</summary>
    public void Apply(bool quiet, bool debug) => (_quiet, Debug) = (quiet, debug);

    /// <summary>An error, one line.</summary>
    public void Error(string message, Exception? cause = null)
    {
        Line(message);
        if (Debug && cause is not null)
        {
            Write(cause + "\n");
        }
    }

    /// <summary>Something the user should know though the run goes on; not with --quiet.</summary>
    public void Warning(string message)
    {
        if (!_quiet)
        {
            Line("warning: " + message);
        }
    }

    /// <summary>Replaces the progress line; nothing when standard error is no terminal, or with --quiet.</summary>
    public void Progress(string text)
    {
        if (!stream.IsTerminal || _quiet)
        {
            return;
        }

        var room = (stream.Columns ?? ColumnsUnlessKnown) - 1;
        lock (_lock)
        {
            _progressShown = true;
            Write("\r\e[K" + TextTable.Cut(StrangerText.ForTerminal(text), room));
        }
    }

    /// <summary>Takes the progress line away.</summary>
    public void EndProgress()
    {
        lock (_lock)
        {
            if (_progressShown)
            {
                _progressShown = false;
                Write("\r\e[K");
            }
        }
    }

    private void Line(string message)
    {
        lock (_lock)
        {
            EndProgress();
            Write($"probe: {StrangerText.Clean(message, LongestLine)}\n");
        }
    }

    private void Write(string text)
    {
        try
        {
            stream.Write(Encoding.UTF8.GetBytes(text));
        }
        catch (IOException)
        {
            // Nobody reads standard error, and there is no third place to say so.
            _quiet = true;
        }
    }
}
