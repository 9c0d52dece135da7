namespace Probe.Cli.Frame;

/// <summary>For whom the exit code is.</summary>
internal enum ExitMode
{
    /// <summary>Probe's own codes.</summary>
    Probe,

    /// <summary>Callers that read any non-zero as dead: 1 only when a target counts as down.</summary>
    Binary,

    /// <summary>Monitoring plugins: 0 OK, 2 CRITICAL, 3 UNKNOWN, and one line of state first.</summary>
    Nagios,
}

/// <summary>What monitoring plugins mean by their exit codes, where it is not what Probe means by the same numbers.</summary>
internal static class MonitoringStatus
{
    /// <summary>CRITICAL.</summary>
    public const ExitStatus Critical = (ExitStatus)2;

    /// <summary>UNKNOWN.</summary>
    public const ExitStatus Unknown = (ExitStatus)3;
}
