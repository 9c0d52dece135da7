using System.Collections.Concurrent;
using Probe.Cli.Parsing;
using Probe.Core.Linux;
using Probe.Core.Packets;
using Probe.Core.Probing;
using Probe.Core.Tracing;

namespace Probe.Cli.Names;

/// <summary>Resolves a list of hosts and finds the source address for each, in the background and a little ahead of the probes.</summary>
internal sealed class TargetFeeder : IDisposable
{
    private const int Ahead = 4096;

    // Resolvers wait, not work.
    private const int MostThreads = 16;

    private readonly IReadOnlyList<TargetName> _hosts;
    private readonly Family _family;
    private readonly BulkSession _session;
    private readonly Action<int, IpAddress, string, string> _failed;
    private readonly BlockingCollection<BulkTarget> _ready = new(Ahead);
    private readonly CancellationTokenSource _stop = new();
    private int _next = -1;
    private int _working;
    private volatile bool _starving;
    private volatile Exception? _fault;

    /// <summary>Begins.</summary>
    /// <param name="hosts">The list.</param>
    /// <param name="family">Which IP version a name may resolve to.</param>
    /// <param name="session">The sockets; its wire is woken when a target comes after none was there.</param>
    /// <param name="failed">Takes a host that cannot be probed: index, address if known, reason, message. Called on any thread.</param>
    public TargetFeeder(IReadOnlyList<TargetName> hosts, Family family, BulkSession session, Action<int, IpAddress, string, string> failed)
    {
        _hosts = hosts;
        _family = family;
        _session = session;
        _failed = failed;

        // Addresses need no waiting: one thread keeps their order.
        _working = hosts.Any(host => host.IsName) ? Math.Min(MostThreads, hosts.Count) : 1;
        var threads = Enumerable.Range(0, _working).Select(_ => new Thread(Work) { IsBackground = true, Name = "targets" }).ToList();
        threads.ForEach(thread => thread.Start());
    }

    /// <summary>Hosts not yet handed out, nor failed.</summary>
    public int NotBegun => Math.Max(0, _hosts.Count - 1 - Volatile.Read(ref _next)) + _ready.Count;

    /// <summary>The next target that is ready, without waiting.</summary>
    public FeedStatus TryTake(out BulkTarget target)
    {
        if (_ready.TryTake(out target))
        {
            return FeedStatus.Ready;
        }

        // Said before looking again, or what comes in between would wake nobody.
        _starving = true;
        if (_ready.TryTake(out target))
        {
            return FeedStatus.Ready;
        }

        return _fault is { } fault ? throw new InvalidOperationException(fault.Message, fault) : _ready.IsCompleted ? FeedStatus.Ended : FeedStatus.Waiting;
    }

    /// <inheritdoc/>
    public void Dispose() => _stop.Cancel();

    private void Work()
    {
        try
        {
            for (var index = Interlocked.Increment(ref _next); index < _hosts.Count; index = Interlocked.Increment(ref _next))
            {
                if (Find(index) is { } target)
                {
                    _ready.Add(target, _stop.Token);
                    WakeIfStarving();
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The run is over; nobody waits for the rest.
            return;
        }
        catch (Exception e)
        {
            // Thrown again on the loop's thread.
            _fault = e;
        }
        finally
        {
            if (Interlocked.Decrement(ref _working) == 0)
            {
                _ready.CompleteAdding();
                _starving = true;
                WakeIfStarving();
            }
        }
    }

    private BulkTarget? Find(int index)
    {
        IpAddress address = default;
        try
        {
            address = TargetResolver.Resolve(_hosts[index], _family, _stop.Token);
            return new BulkTarget(index, address, _session.SourceTo(address), _session.FlowTo(address));
        }
        catch (NotResolvedException e)
        {
            _failed(index, address, e.Reason, e.Message);
        }
        catch (LinuxException e)
        {
            _failed(index, address, "no-route", e.Message);
        }

        return null;
    }

    private void WakeIfStarving()
    {
        if (_starving && !_stop.IsCancellationRequested)
        {
            _starving = false;
            _session.Wire.Wake();
        }
    }
}
