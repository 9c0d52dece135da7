namespace Probe.Cli.Frame;

/// <summary>What monitoring plugins mean by their exit codes, where it is not what Probe means by the same numbers.</summary>
internal static class MonitoringStatus
{
    /// <summary>CRITICAL.</summary>
    public const ExitStatus Critical = (ExitStatus)2;

    /// <summary>UNKNOWN.</summary>
    public const ExitStatus Unknown = (ExitStatus)3;
}
