using Probe.Core.Host;
using Probe.Core.Linux;
using Probe.Core.Linux.Sockets;
using Probe.Core.Vocabulary;
using Probe.Core.Wire;

namespace Probe.Core.Health;

/// <content>What must be there before the first check.</content>
public sealed partial class RawEngine
{
    /// <summary>Opens the sockets and holds the ports; sends nothing yet. A host without IPv6 gets sockets for IPv4 alone.</summary>
    /// <exception cref="LinuxException">No CAP_NET_RAW, no such interface, a foreign source address, no port left.</exception>
    public static RawEngine Open(RawEngineOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        try
        {
            return Open(options, v4: !options.Source.IsV6, v6: !options.Source.IsV4);
        }
        catch (LinuxException e) when (e.Errno == Errno.EAFNOSUPPORT && options.Source.IsNone)
        {
            return Open(options, v4: true, v6: false);
        }
    }

    /// <summary>
    /// Asks once for every way into a tunnel, so that what the caller left out is said before the run and in full. A route that is missing
    /// may come back: it is for the checks to tell.
    /// </summary>
    /// <exception cref="LinuxException">No source address for a packet, no MAC address for a frame.</exception>
    public static void RequireTunnels(RawEngineOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        foreach (var target in options.Tunnelled.DistinctBy(target => (target.Via, target.Address)))
        {
            if (Obstacle(target) is { Errno: Errno.EDESTADDRREQ or Errno.EADDRNOTAVAIL } missing)
            {
                throw missing;
            }
        }

        LinuxException? Obstacle(CheckTarget target)
        {
            try
            {
                WayInto(target, options);
                return null;
            }
            catch (LinuxException e)
            {
                return e;
            }
        }
    }

    private static RawEngine Open(RawEngineOptions options, bool v4, bool v6)
    {
        var owned = new List<IDisposable>();
        try
        {
            var ports = RawPorts.Hold(options, v4, v6, owned);
            var chooser = new SourceChooser(options.Source, options.Interface, options.Mark ?? 0);
            owned.Add(chooser);
            var sources = new RawSources(chooser.TryChoose, target => WayInto(target, options));
            var ends = options.Tunnelled.SelectMany(target => target.Via.Layers).Select(layer => layer.Remote).ToHashSet();
            var port = new RawPacketPort(new RawPortOptions
            {
                // The source is that of the packet inside; the headers outside may be of the other family.
                IPv4 = v4 || (options.Source.IsV6 && ends.Any(end => end.IsV4)),
                IPv6 = v6 || (options.Source.IsV4 && ends.Any(end => end.IsV6)),
                Protocol = options.Transport,
                LocalPorts = ports.All,
                Interface = options.Interface,
                Mark = options.Mark,
                LocalTargets = [.. options.Tunnelled.Select(target => target.Address).Distinct().Where(HostRoutes.IsOwn)],
                ReceiveBuffer = RawPortOptions.LargeBuffer,
                KeptOctets = options.Transport == ProbeProtocol.Udp ? ushort.MaxValue : new RawPortOptions().KeptOctets,
                TransmitStamps = options.TransmitStamps,
            });
            owned.Add(port);
            port.WarmUp();
            return new RawEngine(port, options, sources, ports, port.StartedMonotonicNs, owned);
        }
        catch
        {
            owned.ForEach(one => one.Dispose());
            throw;
        }
    }

    private static TunnelRoute WayInto(CheckTarget target, RawEngineOptions options) =>
        TunnelRoute.Make(target.Via, target.Address, options.Source, options.Interface, options.Mark);
}
