using Probe.Core.Evidence;

namespace Probe.Cli.Frame;

/// <summary>The gaps that any run with packets of its own may have, in one wording.</summary>
internal static class RunGaps
{
    /// <summary>The run had to end before this.</summary>
    public static Gap NothingMeasured { get; } = new("measurement", "the run ended before anything was measured");

    /// <summary>What another program's list of services has besides, one sentence each.</summary>
    /// <param name="sentences">What, and why not.</param>
    /// <param name="done">What became of the others, as it follows "not".</param>
    public static IEnumerable<Gap> Skipped(IEnumerable<string> sentences, string done) =>
        sentences.Select(sentence => new Gap("targets", $"not {done}: {sentence}"));

    /// <summary>Those of these counts that are not 0.</summary>
    /// <param name="notSent">Probes that this host would not send.</param>
    /// <param name="captureLost">Packets that are missing in the capture.</param>
    /// <param name="clockSteps">How often the wall clock was set.</param>
    public static IEnumerable<Gap> Of(long notSent = 0, long captureLost = 0, int clockSteps = 0)
    {
        if (notSent > 0)
        {
            yield return new Gap("probes", $"this host would not send {notSent} of them; they count as neither sent nor lost");
        }

        if (captureLost > 0)
        {
            yield return new Gap("capture", $"{captureLost} packets came faster than they could be written and are missing in the file");
        }

        if (clockSteps > 0)
        {
            yield return new Gap("kernel stamps",
                $"the wall clock was set {clockSteps} times; round-trip times across it are from this process's clock");
        }
    }
}
