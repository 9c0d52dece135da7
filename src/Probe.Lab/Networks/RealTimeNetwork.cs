using System.Globalization;
using Probe.Core.Linux.Namespaces;
using Probe.Core.Linux.Sockets;
using Probe.Core.Linux;
using Probe.Core.Packets;
using Probe.Lab.Simulation;

namespace Probe.Lab.Networks;

/// <summary>
/// A simulated network that real programs of this machine talk to: one thread of its own takes what the kernel sends, lets the network run
/// in real time, and hands back what comes out when it is due, never earlier and as a rule less than a millisecond later.
/// </summary>
public sealed class RealTimeNetwork : IDisposable
{
    private readonly IPacketLink _link;
    private readonly SimulatedNetwork _network;
    private readonly Waiter _waiter;
    private readonly Thread _thread;
    private readonly Lock _gate = new();
    private readonly long _startNs;
    private volatile bool _isStopping;
    private Exception? _failure;

    private RealTimeNetwork(SimulatedNetwork network, IPacketLink link)
    {
        (_network, _link) = (network, link);
        _waiter = new Waiter(link.Descriptor);
        _startNs = Clock.Monotonic;
        _thread = new Thread(Run) { IsBackground = true, Name = "simulated network" };
        _thread.Start();
    }

    /// <summary>Packets that the kernel had no room for.</summary>
    public long Refused { get; private set; }

    /// <summary>
    /// Makes a TUN device in a namespace, gives it the vantage host's addresses, sends everything else of both families there, and runs the
    /// network behind it. Needs CAP_NET_ADMIN and /dev/net/tun.
    /// </summary>
    /// <param name="topology">The network.</param>
    /// <param name="name">Name of a namespace of a <see cref="KernelLab"/>.</param>
    /// <param name="options">What the network keeps about itself.</param>
    public static RealTimeNetwork BehindTun(Topology topology, string name, NetworkOptions? options = null) =>
        OnTun(topology, name,
            device => [.. Addresses(topology, device), $"link set {device} up", .. DefaultRoutes(topology, $"dev {device}")], options);

    /// <summary>
    /// Makes a TUN device in a namespace that has a network of its own, and sends packets to some addresses there. The vantage host of the
    /// simulated network is that namespace's kernel, which routes what comes out; it gets no address and no default route.
    /// </summary>
    internal static RealTimeNetwork BesideKernel(Topology topology, string name, IEnumerable<IpAddress> addresses,
        NetworkOptions? options = null) =>
        OnTun(topology, name, device => [$"link set {device} up", .. addresses.Select(address => $"route add {address} dev {device}")],
            options);

    /// <summary>As <see cref="BehindTun"/> behind a veth pair, in a namespace of a lab.</summary>
    public static RealTimeNetwork BehindVeth(Topology topology, string name, NetworkOptions? options = null)
    {
        KernelLab.Ip(Inside(name, VethCommands(topology)));
        return Start(topology, NamespaceThread.Run(KernelLab.PathOf(name), OpenVeth), options);
    }

    /// <summary>
    /// The same in the network namespace of this process, which must be one made for it: <c>unshare -Urn</c> gives one to any user.
    /// </summary>
    public static RealTimeNetwork BehindVethHere(Topology topology, NetworkOptions? options = null)
    {
        KernelLab.Ip(VethCommands(topology));
        return Start(topology, OpenVeth(), options);
    }

    private static IEnumerable<string> Inside(string name, IEnumerable<string> commands) =>
        commands.Select(command => $"-n {name} {command}");

    /// <summary>Looks at the network, its journal for one, while its thread waits.</summary>
    public T Read<T>(Func<SimulatedNetwork, T> look)
    {
        lock (_gate)
        {
            return _failure is null ? look(_network) : throw new InvalidOperationException("The simulated network stopped.", _failure);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _isStopping = true;
        _waiter.Wake();
        _thread.Join();
        _waiter.Dispose();
        _link.Dispose();
    }

    private static RealTimeNetwork OnTun(Topology topology, string name, Func<string, IEnumerable<string>> commands,
        NetworkOptions? options)
    {
        const string device = "sim0";
        var link = NamespaceThread.Run(KernelLab.PathOf(name), () => new TunLink(device));
        try
        {
            KernelLab.Ip(Inside(name, commands(device)));
        }
        catch
        {
            link.Dispose();
            throw;
        }

        return Start(topology, link, options);
    }

    private static RealTimeNetwork Start(Topology topology, IPacketLink link, NetworkOptions? options)
    {
        try
        {
            return new RealTimeNetwork(new SimulatedNetwork(topology, options), link);
        }
        catch
        {
            link.Dispose();
            throw;
        }
    }

    // The client's end has a fixed address so that the peer's socket knows it without asking.
    private static VethLink OpenVeth() => new("sim1", [0x02, 0, 0, 0, 0, 1]);

    private static string[] VethCommands(Topology topology) =>
    [
        "link add sim0 address 02:00:00:00:00:01 gso_max_segs 1 type veth peer name sim1 address 02:00:00:00:00:02",
        .. Addresses(topology, "sim0"),
        "link set lo up",
        "link set sim1 arp off up",
        "link set sim0 up",
        "neigh add 169.254.0.1 lladdr 02:00:00:00:00:02 nud permanent dev sim0",
        "neigh add fe80::1 lladdr 02:00:00:00:00:02 nud permanent dev sim0",
        .. DefaultRoutes(topology, "onlink dev sim0", "169.254.0.1", "fe80::1"),
    ];

    private static IEnumerable<string> Addresses(Topology topology, string device)
    {
        foreach (var address in VantageAddresses(topology))
        {
            yield return string.Create(CultureInfo.InvariantCulture,
                $"addr add {address}/{address.Length * 8} dev {device}{(address.IsV6 ? " nodad" : "")}");
        }
    }

    private static IEnumerable<string> DefaultRoutes(Topology topology, string how, string? viaV4 = null, string? viaV6 = null)
    {
        foreach (var address in VantageAddresses(topology).DistinctBy(address => address.IsV6))
        {
            var via = address.IsV6 ? viaV6 : viaV4;
            yield return $"route add {(address.IsV6 ? "::/0" : "0.0.0.0/0")} {(via is null ? "" : $"via {via} ")}{how} src {address}";
        }
    }

    private static IEnumerable<IpAddress> VantageAddresses(Topology topology) =>
        topology.Node(topology.Vantage).Addresses.Where(prefix => prefix.Length == prefix.Address.Length * 8)
            .Select(prefix => prefix.Address);

    private void Run()
    {
        var buffer = new byte[ushort.MaxValue + 1];
        try
        {
            while (!_isStopping)
            {
                long nextNs;
                lock (_gate)
                {
                    Take(buffer);
                    Give();
                    nextNs = _network.NextEventNs;
                }

                _waiter.Wait(nextNs == long.MaxValue ? long.MaxValue : Math.Max(0, nextNs - NowNs));
            }
        }
#pragma warning disable CA1031 // It is thrown again to whoever looks at the network next.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            lock (_gate)
            {
                _failure = exception;
            }
        }
    }

    private long NowNs => Clock.Monotonic - _startNs;

    private void Take(byte[] buffer)
    {
        // A bound, so that a flood does not hold up what is due.
        for (var i = 0; i < 64; i++)
        {
            var length = _link.Read(buffer);
            if (length < 0)
            {
                return;
            }

            // The kernel also sends what is no IP packet of a host: it has no target in the network and is noted there as dropped.
            var packet = buffer.AsSpan(0, length);
            if (IpPacket.TryRead(packet, out var ip) && !ip.Truncated)
            {
                _network.Inject(packet, Math.Max(NowNs, _network.NowNs));
            }
        }
    }

    private void Give()
    {
        while (_network.TryNext(Math.Max(NowNs, _network.NowNs), out var delivery))
        {
            if (!_link.Write(delivery.Octets))
            {
                Refused++;
            }
        }
    }
}
