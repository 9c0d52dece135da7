using Probe.Core.Health;
using Probe.Core.Packets;
using Probe.Core.Vocabulary;

namespace Probe.Lab.Networks;

/// <summary>
/// A client and a host behind one link that has tens of thousands of addresses: <c>10.31.x.y</c> and <c>fd31::x:y</c> are its own, so one
/// listener answers for all of them; what goes to <c>10.32.x.y</c> and <c>fd32::x:y</c> disappears in it. It also routes
/// <c>10.33.0.0/16</c> on, to nowhere.
/// </summary>
public sealed class CheckNetwork
{
    private CheckNetwork(KernelLab lab, string client, string server) => (Lab, Client, Server) = (lab, client, server);

    /// <summary>The namespaces.</summary>
    public KernelLab Lab { get; }

    /// <summary>The client's namespace; its interface is <c>east</c>.</summary>
    public string Client { get; }

    /// <summary>The server's namespace; its interface is <c>west</c>.</summary>
    public string Server { get; }

    /// <summary>The client's address on the link.</summary>
    public static IpAddress ClientAddress(bool v6) => IpAddress.Parse(v6 ? "fd30::1" : "10.30.0.1");

    /// <summary>The server's address on the link.</summary>
    public static IpAddress ServerAddress(bool v6) => IpAddress.Parse(v6 ? "fd30::2" : "10.30.0.2");

    /// <summary>Builds it.</summary>
    public static CheckNetwork Build(KernelLab lab)
    {
        var nodes = lab.AddNamespaces(2);
        var (client, server) = (nodes[0], nodes[1]);
        KernelLab.Ip(
            [$"link add east address 02:30:00:00:00:01 netns {client} type veth peer name west address 02:30:00:00:00:02 netns {server}"]);
        LinuxRouter.Configure(client, forwards: false, IcmpLimits.Off);
        LinuxRouter.Configure(server, forwards: true, IcmpLimits.Off);
        KernelLab.Ip(
        [
            $"-n {client} addr add 10.30.0.1/24 dev east", $"-n {client} addr add fd30::1/64 dev east nodad",
            $"-n {client} link set east up",
            $"-n {server} addr add 10.30.0.2/24 dev west", $"-n {server} addr add fd30::2/64 dev west nodad",
            $"-n {server} link set west up",
            $"-n {client} neigh add 10.30.0.2 lladdr 02:30:00:00:00:02 dev east nud permanent",
            $"-n {client} neigh add fd30::2 lladdr 02:30:00:00:00:02 dev east nud permanent",
            $"-n {server} neigh add 10.30.0.1 lladdr 02:30:00:00:00:01 dev west nud permanent",
            $"-n {server} neigh add fd30::1 lladdr 02:30:00:00:00:01 dev west nud permanent",
            $"-n {client} route add default via 10.30.0.2", $"-n {client} route add default via fd30::2",
            $"-n {server} route add local 10.31.0.0/16 dev lo", $"-n {server} route add local fd31::/64 dev lo",
            $"-n {server} route add blackhole 10.32.0.0/16", $"-n {server} route add blackhole fd32::/64",
            $"-n {server} link add nowhere type veth peer name nothing", $"-n {server} link set nowhere up",
            $"-n {server} link set nothing up",
            $"-n {server} route add 10.33.0.0/16 dev nowhere", $"-n {server} route add fd33::/64 dev nowhere",
        ]);
        return new CheckNetwork(lab, client, server);
    }

    /// <summary>Address number <paramref name="number"/> that the server answers for.</summary>
    public static IpAddress Alive(int number, bool v6 = false) => Numbered(31, number, v6);

    /// <summary>Address number <paramref name="number"/> where packets disappear.</summary>
    public static IpAddress BlackHole(int number, bool v6 = false) => Numbered(32, number, v6);

    /// <summary>Address number <paramref name="number"/> that the server would forward to.</summary>
    public static IpAddress Beyond(int number, bool v6 = false) => Numbered(33, number, v6);

    /// <summary>Targets, numbered from 0; every other one a black hole if asked for.</summary>
    public static IReadOnlyList<CheckTarget> Targets(int count, TimeSpan timeout, bool halfBlackHoled = false, bool v6 = false,
        CheckKind kind = CheckKind.Syn) =>
    [
        .. Enumerable.Range(0, count).Select(number =>
            Target(number, halfBlackHoled && number % 2 == 1 ? BlackHole(number, v6) : Alive(number, v6), timeout, kind)),
    ];

    /// <summary>One target, on the port of the <see cref="CheckedListener"/>.</summary>
    public static CheckTarget Target(int index, IpAddress address, TimeSpan timeout, CheckKind kind = CheckKind.Syn,
        ushort port = CheckedListener.Port) => new()
    {
        Index = index,
        Name = $"{address} port {port}",
        Address = address,
        Port = port,
        Question = new CheckQuestion { Kind = kind },
        TimeoutNs = timeout.Ticks * 100,
    };

    // Host part 1 and up, at most 65,534.
    private static IpAddress Numbered(int network, int number, bool v6) => v6
        ? IpAddress.FromV6(((UInt128)(0xfd00u | Convert.ToUInt32($"{network}", 16)) << 112) + (uint)number + 1)
        : IpAddress.FromV4((10u << 24) + ((uint)network << 16) + (uint)number + 1);
}
