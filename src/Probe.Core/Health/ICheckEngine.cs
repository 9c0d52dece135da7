using Probe.Core.Vocabulary;

namespace Probe.Core.Health;

/// <summary>Takes outcomes, one by one, on the engine's thread.</summary>
public interface ICheckSink
{
    /// <summary>A check is over.</summary>
    void Done(in CheckOutcome outcome);

    /// <summary>A target was removed, and no outcome of it comes any more: its index may be given to another.</summary>
    void Gone(int target)
    {
    }
}

/// <summary>
/// Carries checks: kernel sockets, raw packets, or a simulated network under virtual time. One thread owns it; more cores are more engines.
/// A check that was begun ends exactly once.
/// </summary>
public interface ICheckEngine : IDisposable
{
    /// <summary>Nanoseconds of the run's monotonic clock.</summary>
    long NowNs { get; }

    /// <summary>It makes checks of this kind.</summary>
    /// <param name="kind">What is done.</param>
    /// <param name="tunnelled">The target stands behind tunnels.</param>
    bool Carries(CheckKind kind, bool tunnelled);

    /// <summary>Checks begun and not over.</summary>
    int InFlight { get; }

    /// <summary>Most checks that may be in flight.</summary>
    int Capacity { get; }

    /// <summary>
    /// Begins a check. What goes wrong at once (no route, no port left) is an outcome like any other, handed out by the next
    /// <see cref="Poll"/>. Nothing is allocated.
    /// </summary>
    /// <param name="target">What to check.</param>
    /// <param name="attempt">Number of the check of this target, from 1.</param>
    /// <returns>False when <see cref="Capacity"/> checks are in flight.</returns>
    bool TryStart(CheckTarget target, int attempt);

    /// <summary>
    /// Waits until something ends or <paramref name="untilNs"/> has come and hands out every check that is over: answers before timeouts,
    /// and no timeout without one more look at what has arrived. A time in the past looks once.
    /// </summary>
    void Poll(long untilNs, ICheckSink sink);

    /// <summary>Ends a waiting <see cref="Poll"/> from another thread or a signal handler.</summary>
    void Wake();
}
