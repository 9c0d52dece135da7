namespace Probe.Cli.Trace;

/// <summary>
/// The trace that is probing, and the one that takes its place. The sweep's thread owns both; any thread may wake or stop.
/// </summary>
internal sealed class OpenTraces(OpenTrace first) : IDisposable
{
    private readonly Lock _wireLock = new();
    private CancellationTokenSource _stop = new();

    /// <summary>The one that is probing.</summary>
    public OpenTrace Current { get; private set; } = first;

    /// <summary>The one that takes its place; null when none does.</summary>
    public OpenTrace? Next { get; private set; }

    /// <summary>Ends the sweep of the current one.</summary>
    public CancellationToken Stopping => _stop.Token;

    /// <summary>Opens the one that is to follow, instead of another that was to.</summary>
    public void Follow(Func<OpenTrace> open)
    {
        Next?.Dispose();
        Next = null;
        Next = open();
        _stop.Cancel();
    }

    /// <summary>Closes the current one; the next one takes its place.</summary>
    /// <param name="stopped">A signal has come, perhaps only just.</param>
    public void Switch(Func<bool> stopped)
    {
        lock (_wireLock)
        {
            Current.Dispose();
            Current = Next!;
            Current.Reset();
            Next = null;
            _stop.Dispose();
            _stop = new CancellationTokenSource();

            // A signal may have come between the check and the new source.
            if (stopped())
            {
                _stop.Cancel();
            }
        }
    }

    /// <summary>Ends the sweep, from any thread.</summary>
    public void Stop()
    {
        lock (_wireLock)
        {
            _stop.Cancel();
            Current.Wake();
        }
    }

    /// <summary>Wakes the sweep, from any thread.</summary>
    public void Wake()
    {
        lock (_wireLock)
        {
            Current.Wake();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Next?.Dispose();
        lock (_wireLock)
        {
            Current.Dispose();
        }

        _stop.Dispose();
    }
}
