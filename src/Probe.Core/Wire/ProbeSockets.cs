using System.Security.Cryptography;
using Probe.Core.Host;
using Probe.Core.Linux.Sockets;
using Probe.Core.Packets;
using Probe.Core.Probing;
using Probe.Core.Vocabulary;
using static Probe.Core.Linux.SocketConstants;
using Errno = Probe.Core.Linux.Errno;
using LinuxException = Probe.Core.Linux.LinuxException;

namespace Probe.Core.Wire;

/// <summary>
/// The open sockets of a run of probing: a wire and the flows that use it, with raw sockets where they are allowed, else with those that
/// need no privilege. After raw probing the host's route cache is as it was once they are closed.
/// </summary>
public sealed class ProbeSockets : IDisposable
{
    // One call of the kernel exchanges the filter of all ports, so that they come in batches.
    private const int LeastPortsAtOnce = 16;
    private const int MostChecksums = 65_534;

    private readonly ProbeSocketsOptions _options;
    private readonly List<Flow> _flows = [];
    private readonly HashSet<ushort> _checksums = [];
    private readonly HeldPorts? _ports;
    private readonly RawPacketPort? _port;
    private readonly SocketWire? _sockets;
    private readonly RouteLookup _before;
    private readonly RouteCacheCleaning _cleaning;

    private ProbeSockets(ProbeSocketsOptions options, IpAddress source, RouteLookup before, HeldPorts? ports, TunnelRoute tunnel = default)
    {
        _options = options;
        _ports = ports;
        _before = before;
        Source = source;
        Via = tunnel.Stack;
        var echoes = SendsEcho(options, source) && !tunnel.TargetIsLocal;
        _cleaning = new RouteCacheCleaning(options, before, echoes ? (Via.IsEmpty ? before : FindRoute(options)) : null, connects: false);
        _port = new RawPacketPort(new RawPortOptions
        {
            // Each layer's family may draw errors of its own.
            IPv4 = source.IsV4 || Via.Layers.Any(layer => layer.Remote.IsV4),
            IPv6 = source.IsV6 || Via.Layers.Any(layer => layer.Remote.IsV6),
            LocalTargets = tunnel.TargetIsLocal ? [options.Target] : [],
            Protocol = options.Protocol,
            LocalPorts = ports?.Ports ?? [],
            Interface = options.Interface,
            Mark = options.Mark,
        });
        AddFlows();
        Packets = new PacketWire(_port, new ProbeCookies(), 2 * options.TimeoutNs);
        Wire = _cleaning.IsNeededMeanwhile ? new UnlearningWire(Packets, _cleaning.Meanwhile) : Packets;
    }

    private ProbeSockets(ProbeSocketsOptions options, IpAddress source, RouteLookup before, SocketWire sockets)
    {
        (_options, _before, _sockets, Source) = (options, before, sockets, source);
        Wire = sockets;
        _cleaning = new RouteCacheCleaning(
            options, before, SendsEcho(options, source) ? before : null, connects: options.Protocol == ProbeProtocol.Tcp);
        AddFlows();
    }

    /// <summary>The source address of the probes.</summary>
    public IpAddress Source { get; }

    /// <summary>
    /// Encapsulation of the probes (<see cref="ProbePacket.Via"/>), sources and MAC addresses filled in; empty for plain ones.
    /// </summary>
    public EncapsulationStack Via { get; }

    /// <summary>The flows so far.</summary>
    public IReadOnlyList<Flow> Flows => _flows;

    /// <summary>Why there are no more flows to be had; null as long as there are.</summary>
    public string? FlowsEnded { get; private set; }

    /// <summary>Sends and receives.</summary>
    public IWire Wire { get; }

    /// <summary>The same as the wire of whole packets; null without privilege.</summary>
    public PacketWire? Packets { get; }

    /// <summary>The same as the wire of sockets that need no privilege; null with it.</summary>
    public SocketWire? Unprivileged => _sockets;

    /// <summary>UTC at which the wire's clock was 0, nanoseconds since 1970.</summary>
    public long StartedUnixNs => _sockets?.StartedUnixNs ?? _port!.StartedUnixNs;

    /// <summary>How often the wall clock was set meanwhile.</summary>
    public int ClockSteps => _sockets?.ClockSteps ?? _port!.ClockSteps;

    /// <summary>The route to the target, or to the outermost tunnel's end, before the first probe.</summary>
    public RouteLookup Route => _before;

    /// <summary>Opens everything; sends nothing yet.</summary>
    /// <exception cref="LinuxException">No route, no permission, no such interface, a foreign source address, no port left.</exception>
    public static ProbeSockets Open(ProbeSocketsOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (!options.Via.IsEmpty)
        {
            return OpenTunnelled(options);
        }

        var source = options.Source.IsNone ? HostRoutes.SelectSource(options.Target, options.Interface, options.Mark) : options.Source;
        var before = HostRoutes.Lookup(options.Target, options.Source, options.Interface, options.Mark);

        if (options.Unprivileged || !SocketCalls.MayOpenRaw(source.IsV4 ? AF_INET : AF_INET6))
        {
            return OpenUnprivileged(options, source, before);
        }

        // Holding a port also proves that the source address is this host's.
        var ports = options.Protocol == ProbeProtocol.Icmp
            ? null
            : new HeldPorts(source, options.Protocol, options.Flows, networkInterface: options.Interface);
        try
        {
            return new ProbeSockets(options, source, before, ports);
        }
        catch
        {
            ports?.Dispose();
            throw;
        }
    }

    /// <summary>MTU of the interface by which the probes leave, octets of the packet as it leaves.</summary>
    /// <exception cref="LinuxException">The interface is gone.</exception>
    public int FirstHopMtu =>
        Interfaces.Mtu(_options.Interface ?? _before.Interface
        ?? throw new LinuxException(Errno.ENETUNREACH, $"send to {_options.Target}"));

    /// <summary>A flow of echo requests beside those of TCP or UDP, whose answers every raw socket receives.</summary>
    public Flow EchoFlow(int id) =>
        new(id, (ushort)RandomNumberGenerator.GetInt32(1, 65536), 0, NextChecksum(), _options.Target.IsV6 ? Flow.RandomLabel() : 0);

    // An echo over IPv6 teaches the kernel the path MTU that its errors name.
    private static bool SendsEcho(ProbeSocketsOptions options, IpAddress source) =>
        (options.AlsoEcho || options.Protocol == ProbeProtocol.Icmp) && source.IsV6;

    private static RouteLookup? FindRoute(ProbeSocketsOptions options)
    {
        try
        {
            return HostRoutes.Lookup(options.Target, options.Source, options.Interface, options.Mark);
        }
        catch (LinuxException)
        {
            // A target behind a tunnel may be one that this host has no route to: then there is none to learn for either.
            return null;
        }
    }

    private static ProbeSockets OpenTunnelled(ProbeSocketsOptions options)
    {
        var tunnel = TunnelRoute.Make(options.Via, options.Target, options.Source, options.Interface, options.Mark);
        var outermost = tunnel.Stack.Layers[0];
        if (options.Unprivileged || !SocketCalls.MayOpenRaw(outermost.Remote.IsV4 ? AF_INET : AF_INET6))
        {
            throw new LinuxException(Errno.EPERM, "send through a tunnel", LinuxException.NeedsCapability("CAP_NET_RAW"));
        }

        var before = HostRoutes.Lookup(outermost.Remote, outermost.Source, options.Interface, options.Mark);

        // The kernel's own reset would go to the target by this host's routes, past the real server that answered.
        var ports = options.Protocol == ProbeProtocol.Icmp
            ? null
            : new HeldPorts(tunnel.Source, options.Protocol, options.Flows, HeldPortMode.KernelMute, options.Interface);
        try
        {
            return new ProbeSockets(options, tunnel.Source, before, ports, tunnel);
        }
        catch
        {
            ports?.Dispose();
            throw;
        }
    }

    /// <summary>Ends a waiting <see cref="IWire.Receive"/> from another thread.</summary>
    public void Wake()
    {
        _sockets?.Wake();
        Packets?.Wake();
    }

    /// <summary>
    /// The flow with this index. Flows are made as they are asked for, one after the other, each with a port or ICMP checksum that no other
    /// has.
    /// </summary>
    /// <returns>The flow; null when there are no more, for the reason in <see cref="FlowsEnded"/>.</returns>
    public Flow? FlowAt(int index)
    {
        while (_flows.Count <= index && HasRoom())
        {
            try
            {
                _flows.Add(MakeFlow(_flows.Count));
            }
            catch (LinuxException e) when (_sockets is not null)
            {
                // Every flow has sockets of its own: files or ports have come to an end.
                FlowsEnded = e.Message;
            }
        }

        return index < _flows.Count ? _flows[index] : null;
    }

    /// <summary>
    /// Its probes are TCP connects, which teach the kernel path MTUs whatever is set; echo requests do, too, but can be taken back.
    /// </summary>
    public bool LearnsByConnecting => _cleaning.LearnsByConnecting;

    /// <summary>
    /// What our own ICMPv6 echo left in the host's route cache, removed where that is allowed, or what TCP connects left there without
    /// privilege; <see cref="RouteCacheOutcome.None"/> for every other kind of probe, which leaves nothing. Call it before
    /// <see cref="Dispose"/>.
    /// </summary>
    /// <param name="now">The route as it is after the call.</param>
    public RouteCacheOutcome CleanRouteCache(out RouteLookup now) => _cleaning.Finish(out now);

    /// <summary>Why the route cache could not be looked at or cleaned, at the end or meanwhile; null when it always could.</summary>
    public string? NotCleaned => _cleaning.Failure?.Message;

    /// <inheritdoc/>
    public void Dispose()
    {
        Wire.Dispose();
        _ports?.Dispose();
    }

    private bool HasRoom()
    {
        if (_ports is null)
        {
            FlowsEnded ??= _checksums.Count < MostChecksums ? null : "every ICMP checksum is in use";
        }
        else if (_flows.Count == _ports.Ports.Count && FlowsEnded is null)
        {
            var before = _ports.Ports.Count;
            _ports.Add(Math.Max(LeastPortsAtOnce, before / 2), out var refusal);
            if (_ports.Ports.Count > before)
            {
                _port!.Listen(_ports.Ports);
            }
            else
            {
                FlowsEnded = refusal!.Message;
            }
        }

        return FlowsEnded is null;
    }

    private ushort NextChecksum()
    {
        ushort checksum;
        do
        {
            checksum = (ushort)RandomNumberGenerator.GetInt32(1, 1 + MostChecksums);
        }
        while (!_checksums.Add(checksum));
        return checksum;
    }

    private void AddFlows()
    {
        while (_flows.Count < _options.Flows)
        {
            _flows.Add(MakeFlow(_flows.Count));
        }
    }

    private static ProbeSockets OpenUnprivileged(ProbeSocketsOptions options, IpAddress source, RouteLookup before)
    {
        var sockets = new SocketWire(options, source, new ProbeCookies());
        try
        {
            return new ProbeSockets(options, source, before, sockets);
        }
        catch
        {
            sockets.Dispose();
            throw;
        }
    }

    private Flow MakeFlow(int index)
    {
        var label = _options.Target.IsV6 ? Flow.RandomLabel() : 0;
        var id = index + 1;
        return _options.Protocol == ProbeProtocol.Icmp
            ? new Flow(id, _sockets?.AddFlow(label) ?? (ushort)RandomNumberGenerator.GetInt32(1, 65536), 0, NextChecksum(), label)
            : new Flow(id, _sockets?.AddFlow(label) ?? _ports!.Ports[index], _options.DestinationPort, 0, label);
    }
}
