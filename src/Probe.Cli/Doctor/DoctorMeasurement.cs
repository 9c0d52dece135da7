using Probe.Cli.Frame;
using Probe.Core.Evidence;
using Probe.Core.Host;
using Probe.Core.Packets;
using Probe.Core.Vocabulary;

namespace Probe.Cli.Doctor;

/// <summary>What works on this machine: the facts of the host are the document, and what is missing stands in its gaps.</summary>
/// <param name="source">Source address of raw checks, for the rule by which they fill no table.</param>
internal sealed class DoctorMeasurement(IpAddress source) : IMeasurement
{
    /// <summary>What was looked at, once it was.</summary>
    public IReadOnlyList<DoctorCheck> Checks { get; private set; } = [];

    /// <inheritdoc/>
    public Measured Measure(RunFrame frame)
    {
        Checks = DoctorChecks.Run(source);
        var missing = Checks.Where(check => check.State == DoctorCheckState.Missing).ToList();
        return new Measured
        {
            End = SweepEnd.Done,
            Gaps = [.. missing.Select(check => new Gap(check.Name, check.Fix is null ? check.Detail : $"{check.Detail}; {check.Fix}"))],
            HasUnknown = missing.Count > 0,
        };
    }
}
