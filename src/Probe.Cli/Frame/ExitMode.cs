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
