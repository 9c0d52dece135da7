using System.Collections.Concurrent;
using System.Security.Cryptography;
using Probe.Core.Host;
using Probe.Core.Linux;
using Probe.Core.Packets;
using Probe.Core.Probing;
using Probe.Core.Vocabulary;

namespace Probe.Core.Wire;

/// <summary>
/// The open sockets of a run towards many targets: one wire for all, and one flow per family, whose port is held on every address of this
/// host.
/// </summary>
public sealed class BulkSockets : IDisposable
{
    private readonly BulkSocketsOptions _options;
    private readonly List<HeldPorts> _ports = [];
    private readonly RawPacketPort _port;
    private readonly Flow _flow4;
    private readonly Flow _flow6;
    private readonly ConcurrentDictionary<IpAddress, bool> _learnedBefore = [];
    private readonly ConcurrentDictionary<IpAddress, bool> _unroutable = [];
    private EncapsulationStack _stack;

    private BulkSockets(BulkSocketsOptions options)
    {
        _options = options;
        var ends = options.Via.Layers;
        try
        {
            _flow4 = options.IPv4 ? MakeFlow(IpAddress.AnyV4) : default;
            _flow6 = options.IPv6 ? MakeFlow(IpAddress.AnyV6) : default;
            _port = new RawPacketPort(new RawPortOptions
            {
                // What is around a probe may be of the other family.
                IPv4 = options.IPv4 || ends.Any(layer => layer.Remote.IsV4),
                IPv6 = options.IPv6 || ends.Any(layer => layer.Remote.IsV6),
                LocalTargets = options.Via.IsEmpty ? [] : [.. options.Targets.Distinct().Where(HostRoutes.IsOwn)],
                Protocol = options.Protocol,
                LocalPorts = [.. _ports.SelectMany(held => held.Ports)],
                Interface = options.Interface,
                Mark = options.Mark,
                ReceiveBuffer = RawPortOptions.LargeBuffer,
            });
        }
        catch
        {
            _ports.ForEach(held => held.Dispose());
            throw;
        }

        // At tens of thousands of probes a second every moment that one is remembered counts.
        Wire = new PacketWire(_port, new ProbeCookies(), options.TimeoutNs + options.TimeoutNs / 4, batches: true);
    }

    /// <summary>Sends and receives.</summary>
    public PacketWire Wire { get; }

    /// <summary>UTC at which the wire's clock was 0, nanoseconds since 1970.</summary>
    public long StartedUnixNs => _port.StartedUnixNs;

    /// <summary>How often the wall clock was set meanwhile.</summary>
    public int ClockSteps => _port.ClockSteps;

    /// <summary>Opens everything; sends nothing yet. A host without IPv6 gets sockets for IPv4 alone, unless only IPv6 is wanted.</summary>
    /// <exception cref="LinuxException">No permission, no such interface, a foreign source address, no port left.</exception>
    public static BulkSockets Open(BulkSocketsOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        try
        {
            return new BulkSockets(options);
        }
        catch (LinuxException e) when (e.Errno == Errno.EAFNOSUPPORT && options is { IPv4: true, IPv6: true })
        {
            return new BulkSockets(options with { IPv6 = false });
        }
    }

    /// <summary>The flow of the probes to a target.</summary>
    public Flow FlowTo(IpAddress target) => target.IsV6 ? _flow6 : _flow4;

    /// <summary>
    /// The source address of the probes to a target, and the encapsulations around them with every source in them. Safe from any thread.
    /// </summary>
    /// <exception cref="LinuxException">No route to it, or into the tunnel.</exception>
    public (IpAddress Source, EncapsulationStack Via) WayTo(IpAddress target)
    {
        if (FlowTo(target).Id == 0)
        {
            throw new LinuxException(Errno.EAFNOSUPPORT, $"reach {target}", "IPv6 is switched off on this host");
        }

        RememberLearned(target);
        if (_options.Via.IsEmpty)
        {
            return (_options.Source.IsNone ? HostRoutes.SelectSource(target, _options.Interface, _options.Mark) : _options.Source, default);
        }

        var route = TunnelRoute.Make(_options.Via, target, _options.Source, _options.Interface, _options.Mark);

        // The same stack for all, where it is: then a probe's is known at a glance.
        var (last, stack) = (_stack, route.Stack);
        return (route.Source, stack.SameAs(last) ? last : _stack = stack);
    }

    /// <summary>
    /// What our own ICMPv6 echo to a target that drew a Packet Too Big left in the host's route cache, removed where that is allowed.
    /// Safe from any thread.
    /// </summary>
    public RouteCacheOutcome CleanRouteCache(IpAddress target)
    {
        try
        {
            return MayTeachTheCache(target)
                ? HostRoutes.RemoveOwnEntry(target, new RouteLookup { Learned = _learnedBefore.ContainsKey(target) }, out _,
                    _options.Interface, _options.Mark)
                : RouteCacheOutcome.None;
        }
        catch (LinuxException)
        {
            return RouteCacheOutcome.Unknown;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Wire.Dispose();
        _ports.ForEach(held => held.Dispose());
    }

    private void RememberLearned(IpAddress target)
    {
        if (!MayTeachTheCache(target))
        {
            return;
        }

        try
        {
            if (HostRoutes.Lookup(target, _options.Source, _options.Interface, _options.Mark).Learned)
            {
                _learnedBefore[target] = true;
            }
        }
        catch (LinuxException) when (!_options.Via.IsEmpty)
        {
            // Behind a tunnel it may be one that this host has no route to: then there is none to learn for either.
            _unroutable[target] = true;
        }
    }

    private bool MayTeachTheCache(IpAddress target) =>
        target.IsV6 && _options.Protocol == ProbeProtocol.Icmp && !_unroutable.ContainsKey(target);

    private Flow MakeFlow(IpAddress any)
    {
        var label = any.IsV6 ? Flow.RandomLabel() : 0;
        if (_options.Protocol == ProbeProtocol.Icmp)
        {
            return new Flow(1, (ushort)RandomNumberGenerator.GetInt32(1, 65536), 0, (ushort)RandomNumberGenerator.GetInt32(1, 65535),
                label);
        }

        // A given source proves by this that it is the host's own.
        var address = _options.Source.Length == any.Length ? _options.Source : any;

        // The kernel's own reset would go to the target by this host's routes, past the real server that answered.
        var mode = _options.Via.IsEmpty ? HeldPortMode.KernelResets : HeldPortMode.KernelMute;
        var held = new HeldPorts(address, _options.Protocol, 1, mode, _options.Interface);
        _ports.Add(held);
        return new Flow(1, held.Ports[0], _options.DestinationPort, 0, label);
    }
}
