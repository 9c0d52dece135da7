using System.Diagnostics;
using System.Text;

namespace Probe.Lab.Networks;

/// <summary>How a program ended and what it said.</summary>
/// <param name="Command">What was run.</param>
/// <param name="Status">Its exit status; 128 and the signal's number for one that a signal ended.</param>
/// <param name="Output">Standard output.</param>
/// <param name="Error">Standard error.</param>
public sealed record LabResult(string Command, int Status, string Output, string Error)
{
    /// <summary>The lines of standard error that are not empty.</summary>
    public IReadOnlyList<string> ErrorLines => Error.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>This result; throws when the status is not 0.</summary>
    public LabResult MustSucceed() => Status == 0 ? this : throw new InvalidOperationException(ToString());

    /// <inheritdoc/>
    public override string ToString() => $"{Command}: status {Status}\n{Output}{Error}";
}

/// <summary>A program that runs beside the caller. Dispose kills it, with what it started, unless it has ended.</summary>
public sealed class LabProcess : IDisposable
{
    private readonly Process _process;
    private readonly string _command;
    private readonly Collector _output;
    private readonly Collector _error;
    private bool _disposed;

    private LabProcess(Process process, string command)
    {
        _process = process;
        _command = command;
        _output = new Collector(process.StandardOutput);
        _error = new Collector(process.StandardError);
    }

    /// <summary>Its process id.</summary>
    public int Id => _process.Id;

    /// <summary>It runs no longer.</summary>
    public bool HasEnded => _process.HasExited;

    /// <summary>Waits until it wrote a text on standard output or standard error.</summary>
    /// <exception cref="TimeoutException">It ended, or the time was over, without that text.</exception>
    public void WaitFor(string text, TimeSpan limit) => WaitUntil(
        () => _output.Text.Contains(text, StringComparison.Ordinal) || _error.Text.Contains(text, StringComparison.Ordinal),
        $"'{text}'", limit);

    /// <summary>Waits until what it wrote on standard output fulfils a condition.</summary>
    /// <exception cref="TimeoutException">It ended, or the time was over, before.</exception>
    public void WaitFor(Func<string, bool> condition, string what, TimeSpan limit) => WaitUntil(() => condition(_output.Text), what, limit);

    private void WaitUntil(Func<bool> isSaid, string what, TimeSpan limit)
    {
        var clock = Stopwatch.StartNew();
        while (!isSaid())
        {
            // What it said at its very end counts too.
            if (clock.Elapsed > limit || (_output.Ended && _error.Ended && !isSaid()))
            {
                throw new TimeoutException($"{_command}: never said {what}\n{_output.Text}{_error.Text}");
            }

            Thread.Sleep(2);
        }
    }

    /// <summary>Sends it a signal by name: INT, TERM, KILL.</summary>
    public void Signal(string name)
    {
        // The shell's own kill: no package has to be installed for it.
        using var kill = Start("sh", ["-c", $"kill -{name} {Id}"], input: null);
        kill.Wait(TimeSpan.FromSeconds(10)).MustSucceed();
    }

    /// <summary>Waits for its end.</summary>
    /// <exception cref="TimeoutException">It did not end in time and was killed.</exception>
    public LabResult Wait(TimeSpan limit)
    {
        if (!_process.WaitForExit(limit))
        {
            Kill();
            throw new TimeoutException($"{_command}: did not end within {limit.TotalSeconds} s\n{_output.Text}{_error.Text}");
        }

        return new LabResult(_command, _process.ExitCode, _output.ReadToEnd(), _error.ReadToEnd());
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        if (!_process.HasExited)
        {
            Kill();
        }

        _process.Dispose();
    }

    internal static LabProcess Start(string program, IReadOnlyList<string> arguments, string? input)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        var process = Process.Start(start)!;
        var lab = new LabProcess(process, $"{program} {string.Join(' ', arguments)}{(input is null ? "" : $" <<< \"{input.TrimEnd()}\"")}");
        if (input is not null)
        {
            process.StandardInput.Write(input);
        }

        process.StandardInput.Close();
        return lab;
    }

    private void Kill()
    {
        _process.Kill(entireProcessTree: true);
        _process.WaitForExit();
    }

    /// <summary>
    /// Reads a pipe on a thread of its own, so that a full pipe never stops the program and what it said so far can be looked at.
    /// </summary>
    private sealed class Collector
    {
        private readonly Lock _lock = new();
        private readonly StringBuilder _text = new();
        private readonly Thread _thread;

        public Collector(StreamReader reader)
        {
            _thread = new Thread(() => Read(reader)) { IsBackground = true };
            _thread.Start();
        }

        public bool Ended => !_thread.IsAlive;

        public string Text
        {
            get
            {
                lock (_lock)
                {
                    return _text.ToString();
                }
            }
        }

        public string ReadToEnd()
        {
            // A grandchild may keep the pipe open after its parent's end: what came until then is the answer.
            _thread.Join(TimeSpan.FromSeconds(5));
            return Text;
        }

        private void Read(StreamReader reader)
        {
            var buffer = new char[4096];
            try
            {
                int count;
                while ((count = reader.Read(buffer)) > 0)
                {
                    lock (_lock)
                    {
                        _text.Append(buffer, 0, count);
                    }
                }
            }
            catch (ObjectDisposedException)
            {
                // The process was disposed of while its pipe was open: nobody reads on.
                return;
            }
        }
    }
}
