namespace Probe.Cli;

/// <summary>
/// The command cannot go on, and its user can do something about it. The message is one line: what, for which input, next step.
/// </summary>
internal class UserError(ExitStatus status, string message) : Exception(message)
{
    /// <summary>How the process ends.</summary>
    public ExitStatus Status { get; } = status;

    /// <summary>Wrong usage.</summary>
    public static UserError Usage(string message) => new(ExitStatus.Usage, message);

    /// <summary>The machine or the network does not let it run.</summary>
    public static UserError CannotRun(string message) => new(ExitStatus.CannotRun, message);
}
