using Probe.Core.Host;
using Probe.Core.Linux;

namespace Probe.Core.Wire;

/// <summary>Takes back what our own probes taught the host's route cache, meanwhile and at the end; says what stays.</summary>
/// <param name="options">The sockets.</param>
/// <param name="before">The route to the target, or to the outermost tunnel's end, before the first probe.</param>
/// <param name="echoBefore">The route that an ICMPv6 echo of ours may change: that to its target, whatever encapsulates it; null for
/// none.</param>
/// <param name="connects">The probes are TCP connects: what they teach stays until it expires.</param>
internal sealed class RouteCacheCleaning(ProbeSocketsOptions options, RouteLookup before, RouteLookup? echoBefore, bool connects)
{
    private RouteCacheOutcome _unlearned;

    /// <summary>The probes are TCP connects.</summary>
    public bool LearnsByConnecting => connects;

    /// <summary>Echo requests over IPv6 are sent: each error about one may teach the kernel something.</summary>
    public bool IsNeededMeanwhile => echoBefore is not null;

    /// <summary>Why the cache could not be looked at or cleaned; null when it always could.</summary>
    public LinuxException? Failure { get; private set; }

    /// <summary>Removes what is there now. A route that goes away in the midst of a run must not end it.</summary>
    public void Meanwhile()
    {
        try
        {
            Unlearn(out _);
        }
        catch (LinuxException e)
        {
            Failure = e;
        }
    }

    /// <summary>Removes what is there at the end, and says what was there in the whole run.</summary>
    /// <param name="now">The route as it is after the call.</param>
    public RouteCacheOutcome Finish(out RouteLookup now)
    {
        try
        {
            var outcome = Clean(out now);
            return outcome == RouteCacheOutcome.None && Failure is not null ? RouteCacheOutcome.Unknown : outcome;
        }
        catch (LinuxException e)
        {
            (Failure, now) = (e, before);
            return RouteCacheOutcome.Unknown;
        }
    }

    private RouteCacheOutcome Clean(out RouteLookup now)
    {
        if (!connects)
        {
            return Unlearn(out now);
        }

        now = HostRoutes.Lookup(options.Target, options.Source, options.Interface, options.Mark);
        return now.Learned && (!before.Learned || now.Mtu != before.Mtu) ? RouteCacheOutcome.StaysUntilExpiry : RouteCacheOutcome.None;
    }

    private RouteCacheOutcome Unlearn(out RouteLookup now)
    {
        now = before;
        if (echoBefore is { } known)
        {
            var outcome = HostRoutes.RemoveOwnEntry(options.Target, known, out now, options.Interface, options.Mark);
            _unlearned = outcome == RouteCacheOutcome.None ? _unlearned : outcome;
        }

        return _unlearned;
    }
}
