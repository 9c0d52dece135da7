using Probe.Cli.Parsing;
using Probe.Core.Evidence;
using Probe.Core.Host;
using Probe.Core.Linux;
using Probe.Core.Packets;

namespace Probe.Cli.Frame;

/// <summary>
/// This host's side of a run: its counters before and after, the interfaces that were used, and what its kernel has learned for the
/// destinations.
/// </summary>
internal sealed class HostWatch
{
    private readonly HashSet<string> _interfaces = new(StringComparer.Ordinal);
    private readonly Dictionary<IpAddress, LearnedPathMtu> _learned = [];
    private readonly List<Gap> _gaps = [];
    private CounterSnapshot? _before;
    private bool _askedForLearned;

    /// <summary>Reads the counters now, unless they were before, so that the document shows both.</summary>
    public void WatchCounters() => _before ??= CounterSnapshot.Read();

    /// <summary>The document shall describe this interface; null for none.</summary>
    public void Uses(string? networkInterface)
    {
        if (networkInterface is not null)
        {
            _interfaces.Add(networkInterface);
        }
    }

    /// <summary>Notes what the kernel has learned for a destination, from whatever traffic: connections obey it, probes do not.</summary>
    public void NoteLearned(IpAddress destination, ProbingOptions probing)
    {
        _askedForLearned = true;
        try
        {
            if (LearnedPathMtus.For(destination, probing.Source, probing.Interface, probing.Mark) is { } learned)
            {
                _learned[destination] = learned;
            }
        }
        catch (LinuxException e)
        {
            _gaps.Add(new Gap("learned path MTUs", e.Message));
        }
    }

    /// <summary>The document with what was noted, and with the gaps of it.</summary>
    public Bundle Describe(Bundle bundle)
    {
        if (_interfaces.Count > 0 || _askedForLearned)
        {
            bundle = bundle with { Host = Annotate(bundle.Host!) };
        }

        return bundle with
        {
            Counters = _before is { } before ? CounterSnapshot.Read().Evidence(before) : null,
            Gaps = [.. bundle.Gaps ?? [], .. _gaps],
        };
    }

    private HostFacts Annotate(HostFacts facts)
    {
        try
        {
            return facts with
            {
                Interfaces = _interfaces.Count == 0 ? null : [.. InterfaceTable.Read().Where(one => _interfaces.Contains(one.Name))],
                PathMtuExceptions = _askedForLearned ? [.. _learned.Values] : null,
            };
        }
        catch (LinuxException e)
        {
            _gaps.Add(new Gap("interfaces", e.Message));
            return facts;
        }
    }
}
