using System.Buffers;
using System.Text;
using Probe.Core.Linux.Terminal;

namespace Probe.Cli.Live;

/// <summary>
/// The terminal's alternate screen. A frame is one write(2) between the marks of a synchronized update, and holds only the lines that
/// changed: each is addressed, written, and cleared behind its end. The screen is never erased, so it cannot flicker.
/// </summary>
internal sealed class LiveScreen(FullScreenTerminal terminal) : IDisposable
{
    // Alternate screen, no cursor, no wrapping at the edge: a line drawn before we hear of a narrower window must not spill into the next.
    private const string EnterText = "\e[?1049h\e[?25l\e[?7l";

    // A frame may have been cut short by a signal.
    private const string LeaveText = "\e[0m\e[?2026l\e[?7h\e[?25h\e[?1049l";
    private const string BeginFrame = "\e[?2026h";
    private const string EndFrame = "\e[?2026l";
    private const string ClearBehind = "\e[K";
    private static readonly TimeSpan LongestWaitForWriter = TimeSpan.FromMilliseconds(200);

    private readonly Lock _lock = new();
    private readonly ArrayBufferWriter<byte> _frame = new(16 * 1024);
    private IReadOnlyList<ScreenLine> _shown = [];
    private ScreenSize _size;
    private bool _entered;
    private bool _closed;

    /// <summary>Takes the screen and the keys; nothing when it has them, or is closed.</summary>
    public void Enter()
    {
        lock (_lock)
        {
            if (_entered || _closed)
            {
                return;
            }

            terminal.TakeKeys();
            _entered = true;
            Forget();
            terminal.Write(Encoding.ASCII.GetBytes(EnterText));
        }
    }

    /// <summary>The next frame is drawn whole: somebody else may have written on the screen.</summary>
    public void Forget()
    {
        lock (_lock)
        {
            _shown = [];
        }
    }

    /// <summary>Shows the lines; writes nothing when they are on the screen already.</summary>
    public void Draw(IReadOnlyList<ScreenLine> lines, ScreenSize size)
    {
        lock (_lock)
        {
            if (!_entered)
            {
                return;
            }

            var old = size == _size && _shown.Count == lines.Count ? _shown : [];
            (_shown, _size) = (lines, size);
            Compose(lines, old, size);
            if (_frame.WrittenCount > 0)
            {
                terminal.Write(_frame.WrittenSpan);
            }
        }
    }

    /// <summary>Gives screen, cursor and settings back. From any thread, any number of times; never throws.</summary>
    public void Leave()
    {
        // A writer that hangs on a stopped terminal must not keep a dying process from restoring the settings.
        var owned = _lock.TryEnter(LongestWaitForWriter);
        try
        {
            if (!_entered)
            {
                return;
            }

            _entered = false;
            if (terminal.IsForeground)
            {
                terminal.Write(Encoding.ASCII.GetBytes(LeaveText));
            }
        }
        catch (IOException)
        {
            // The terminal is gone, and with it what there was to restore.
            _closed = true;
        }
        finally
        {
            terminal.Restore();
            if (owned)
            {
                _lock.Exit();
            }
        }
    }

    /// <summary>Leaves for good.</summary>
    public void Dispose()
    {
        Leave();
        _closed = true;
    }

    private void Compose(IReadOnlyList<ScreenLine> lines, IReadOnlyList<ScreenLine> old, ScreenSize size)
    {
        _frame.ResetWrittenCount();
        for (var i = 0; i < lines.Count; i++)
        {
            if (old.Count > 0 && old[i] == lines[i])
            {
                continue;
            }

            Add(_frame.WrittenCount == 0 ? $"{BeginFrame}\e[{i + 1}H" : $"\e[{i + 1}H");
            Add(lines[i].Text);

            // Behind the last cell of a full line the cursor still stands on that cell, and clearing would take it away.
            Add(lines[i].Cells < size.Columns ? ClearBehind : "");
        }

        Add(_frame.WrittenCount > 0 ? EndFrame : "");
    }

    private void Add(string text) => Encoding.UTF8.GetBytes(text, _frame);
}
