namespace Probe.Cli;

/// <summary>How the process ends, for scripts: the README lists the codes.</summary>
internal enum ExitStatus
{
    /// <summary>Ran, nothing wrong.</summary>
    Fine = 0,

    /// <summary>Ran and found a fault.</summary>
    Fault = 1,

    /// <summary>Wrong usage.</summary>
    Usage = 2,

    /// <summary>Cannot run: permission, unknown host, namespace, missing library.</summary>
    CannotRun = 3,

    /// <summary>Ran, but what was asked for could not be collected, or the evidence cannot be trusted.</summary>
    Incomplete = 4,

    /// <summary>SIGHUP.</summary>
    HungUp = 129,

    /// <summary>SIGINT.</summary>
    Interrupted = 130,

    /// <summary>SIGTERM.</summary>
    Terminated = 143,
}

/// <summary>Which of several ends a process shows.</summary>
internal static class ExitStatuses
{
    // 129/130/143 > 2 > 3 > 1 > 4 > 0; of two signals the first one counts.
    private static int Rank(ExitStatus status) => status switch
    {
        ExitStatus.HungUp or ExitStatus.Interrupted or ExitStatus.Terminated => 5,
        ExitStatus.Usage => 4,
        ExitStatus.CannotRun => 3,
        ExitStatus.Fault => 2,
        ExitStatus.Incomplete => 1,
        _ => 0,
    };

    /// <summary>The one that counts when both happened.</summary>
    public static ExitStatus And(this ExitStatus first, ExitStatus second) => Rank(second) > Rank(first) ? second : first;
}
