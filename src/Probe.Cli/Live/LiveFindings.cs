using Probe.Cli.Frame;
using Probe.Core.Evidence;
using Probe.Report;
using Probe.Report.Diagnosis;
using Probe.Core.Vocabulary;

namespace Probe.Cli.Live;

/// <summary>What the rules say of a run that is not over.</summary>
internal static class LiveFindings
{
    /// <summary>The findings, worst first.</summary>
    public static IReadOnlyList<Finding> Of(LiveSnapshot snapshot) => KnownRules.All.Judge(new Bundle
    {
        Tool = ProgramVersion.Tool,
        Command = [],
        Started = snapshot.Started,
        Ended = snapshot.Started.Plus(snapshot.ElapsedNs),
        Complete = false,
        EndReason = SweepEnd.Interrupted,
        Traces = [snapshot.Run.Trace],
    }).Findings;
}
