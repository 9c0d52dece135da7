namespace Probe.Cli.Frame;

/// <summary>
/// Something that is measured within a frame: it says what it saw, and the frame makes the document, the findings and the exit code of it.
/// </summary>
internal interface IMeasurement
{
    /// <summary>Measures until it is done, or until <see cref="RunFrame.Limit"/> says that the run has to end.</summary>
    /// <exception cref="UserError">It cannot be measured.</exception>
    /// <exception cref="Core.Linux.LinuxException">A system call that it cannot do without failed.</exception>
    /// <exception cref="OperationCanceledException">The run had to end before anything was measured.</exception>
    Measured Measure(RunFrame frame);
}
