using Probe.Core.Evidence;
using Probe.Core.Vocabulary;
using Probe.Report.Diagnosis;

namespace Probe.Cli.Frame;

/// <summary>
/// How a run that measured ends, from what its measurements say and what the rules found. A run that was over before is ended by
/// <see cref="CommandContext.EndEmpty"/>; one that cannot run at all by its command or <see cref="UserError"/>.
/// </summary>
internal static class ExitJudgement
{
    /// <summary>The exit code of a run that was not interrupted.</summary>
    /// <param name="measured">What was measured.</param>
    /// <param name="findings">What the rules found in it.</param>
    /// <param name="mode">For whom the code is.</param>
    public static ExitStatus Of(IReadOnlyList<Measured> measured, IReadOnlyList<Finding> findings, ExitMode mode)
    {
        var down = measured.Any(one => one.HasFault);
        var unknown = measured.Any(one => one.HasUnknown || one.End == SweepEnd.Deadline);
        return mode switch
        {
            ExitMode.Binary => down ? ExitStatus.Fault : ExitStatus.Fine,
            ExitMode.Nagios => down ? MonitoringStatus.Critical : unknown ? MonitoringStatus.Unknown : ExitStatus.Fine,
            _ => down || HasFault(measured, findings) ? ExitStatus.Fault : unknown ? ExitStatus.Incomplete : ExitStatus.Fine,
        };
    }

    /// <summary>A finding is a fault, and it rests on an element that is not excused.</summary>
    private static bool HasFault(IReadOnlyList<Measured> measured, IReadOnlyList<Finding> findings)
    {
        var excused = new HashSet<string>(StringComparer.Ordinal);
        var traces = 0;
        foreach (var one in measured)
        {
            var count = one.Traces?.Count ?? 0;
            excused.UnionWith(one.CountsFindings ? [] : Enumerable.Range(traces, count).Select(index => $"/traces/{index}"));
            traces += count;
        }

        return findings.Any(finding => finding.IsFault() && !finding.Subjects.IsSubsetOf(excused));
    }
}
