using System.Collections.Immutable;
using Probe.Core.Packets;
using Probe.Lab.Simulation;

namespace Probe.Lab.Networks;

/// <summary>
/// A client, a virtual address behind a director, and real servers that answer from it, as a <see cref="TunnelPlan"/> says, on real Linux:
/// every namespace routes by itself, learns path MTUs and speaks TCP by itself. Only what this kernel may not have is simulated, behind a
/// TUN device beside it: the director that puts packets into tunnels, and the servers' ends that take them out. Link k has 10.7.k.1 and
/// fd07:k::1 at the end nearer to the director's clients, .2 and ::2 at the other; the links are client – r1, r1 – director, director – r2,
/// from 11 on r2 – server, from 51 on server – r1.
/// </summary>
public sealed class LinuxTunnel : IDisposable
{
    private const int ClientLink = 1;
    private const int InLink = 2;
    private const int OutLink = 3;
    private const int FirstServerLink = 10;
    private const int FirstReturnLink = 50;

    // No link between a kernel and what is simulated beside it limits anything.
    private const int Unlimited = ushort.MaxValue;

    private readonly List<RealTimeNetwork> _simulated = [];
    private readonly TunnelPlan _plan;
    private readonly string[] _servers;

    private LinuxTunnel(KernelLab lab, TunnelPlan plan)
    {
        _plan = plan;
        var names = lab.AddNamespaces(4 + plan.Servers);
        (Client, Entry, Director, Tunnel) = (names[0], names[1], names[2], names[3]);
        _servers = [.. names.Skip(4)];
    }

    /// <summary>Address of the client.</summary>
    public static IpAddress ClientAddress(bool isV6) => Address(ClientLink, 1, isV6);

    /// <summary>The client's namespace; its interface is <c>east</c>.</summary>
    public string Client { get; }

    /// <summary>Namespace of the router that the client, the director and the servers' way back share.</summary>
    public string Entry { get; }

    /// <summary>The director's namespace; its interface towards the tunnel is <c>east</c>.</summary>
    public string Director { get; }

    /// <summary>Namespace of the router inside the tunnel.</summary>
    public string Tunnel { get; }

    /// <summary>Namespace of a real server, counted from 1.</summary>
    public string Server(int number) => _servers[number - 1];

    /// <summary>Builds it.</summary>
    /// <param name="lab">Owns the namespaces.</param>
    /// <param name="plan">What is to be true of it; delays, host behaviour and ECMP members are left to the kernel.</param>
    /// <param name="balances">The director balances. False leaves the virtual addresses on its loopback interface, for a program that sends
    /// through the tunnel from there.</param>
    /// <exception cref="ArgumentException">The plan has ECMP members.</exception>
    public static LinuxTunnel Build(KernelLab lab, TunnelPlan plan, bool balances = true)
    {
        if (plan.MemberCount > 0)
        {
            throw new ArgumentException("The kernel's tunnel has one path.", nameof(plan));
        }

        var tunnel = new LinuxTunnel(lab, plan);
        try
        {
            tunnel.Build(balances);
            return tunnel;
        }
        catch
        {
            tunnel.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Opens the far end of tunnels beside a namespace's kernel, which routes what comes out of them. The ends' addresses are not the
    /// kernel's: it forwards what comes for them, and is thus one hop of the tunnel's own path.
    /// </summary>
    /// <param name="name">The namespace; it forwards.</param>
    /// <param name="addresses">The ends' addresses.</param>
    /// <param name="accepts">The tunnels, see <see cref="TunnelEndSpec.Accepts"/>.</param>
    public static RealTimeNetwork OpenEnd(string name, IReadOnlyList<IpAddress> addresses, ImmutableArray<Encapsulation> accepts)
    {
        var end = new NodeSpec
        {
            Name = "s",
            Addresses = [.. addresses.Select(IpPrefix.Of)],
            TunnelEnd = new TunnelEndSpec { Accepts = accepts },

            // What comes out is the kernel's: this node is no hop of it.
            Ttl = TtlHandling.Hidden,
        };
        return RealTimeNetwork.BesideKernel(Beside(end, Unlimited), name, addresses);
    }

    /// <summary>Router r2 says nothing any more about packets too big for the tunnel's path.</summary>
    public void SilenceTunnel() => KernelLab.Nft(Tunnel,
        "table inet silent {\nchain c {\ntype filter hook output priority 0\nicmp type destination-unreachable drop\nicmpv6 type "
            + "packet-too-big drop\n}\n}");

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var network in _simulated)
        {
            network.Dispose();
        }

        _simulated.Clear();
    }

    private static IpAddress Address(int link, int end, bool isV6) =>
        IpAddress.Parse(isV6 ? FormattableString.Invariant($"fd07:{link:x}::{end}") : FormattableString.Invariant($"10.7.{link}.{end}"));

    private void Build(bool balances)
    {
        LinuxRouter.Configure(Client, forwards: false, IcmpLimits.Off);
        foreach (var name in (string[])[Entry, Director, Tunnel, .. _servers])
        {
            LinuxRouter.Configure(name, forwards: true, IcmpLimits.Off);
        }

        KernelLab.Ip(
        [
            .. Link(ClientLink, Client, "east", Entry, "west", 1500),
            .. Link(InLink, Entry, "east", Director, "west", 1500),
            .. Link(OutLink, Director, "east", Tunnel, "west", _plan.EntryMtu),
            .. _servers.SelectMany((server, index) =>
                Link(FirstServerLink + index + 1, Tunnel, $"east{index + 1}", server, "west", _plan.OuterMtu)),
            .. _servers.SelectMany((server, index) => Link(FirstReturnLink + index + 1, server, "back", Entry, $"back{index + 1}", 1500)),
        ]);
        KernelLab.Ip(Routes());
        LimitReturn();
        for (var number = 1; number <= _servers.Length; number++)
        {
            OpenTunnels(number);
        }

        if (balances)
        {
            _simulated.Add(RealTimeNetwork.BesideKernel(
                Beside(_plan.DirectorNode, _plan.EntryMtu), Director, TunnelPlan.DirectorAddresses.Concat(TunnelPlan.VirtualAddresses)));
        }
        else
        {
            KernelLab.Ip(OnLoopback(Director, TunnelPlan.DirectorAddresses.Concat(TunnelPlan.VirtualAddresses)));
        }
    }

    private static IEnumerable<string> Link(int number, string near, string nearDevice, string far, string farDevice, int mtu)
    {
        var (nearMac, farMac) =
            (FormattableString.Invariant($"02:07:00:00:{number:x2}:01"), FormattableString.Invariant($"02:07:00:00:{number:x2}:02"));
        yield return $"link add {nearDevice} address {nearMac} netns {near} type veth peer name {farDevice} address {farMac} netns {far}";
        foreach (var (name, device, own, other, mac) in new[] { (near, nearDevice, 1, 2, farMac), (far, farDevice, 2, 1, nearMac) })
        {
            yield return FormattableString.Invariant($"-n {name} link set {device} mtu {mtu} up");
            yield return $"-n {name} addr add {Address(number, own, isV6: false)}/24 dev {device}";
            yield return $"-n {name} addr add {Address(number, own, isV6: true)}/64 dev {device} nodad";

            // Known neighbours: the first packets of a fresh IPv6 link would wait for discovery.
            yield return $"-n {name} neigh add {Address(number, other, isV6: false)} lladdr {mac} dev {device} nud permanent";
            yield return $"-n {name} neigh add {Address(number, other, isV6: true)} lladdr {mac} dev {device} nud permanent";
        }
    }

    private static IEnumerable<string> OnLoopback(string name, IEnumerable<IpAddress> addresses) =>
        addresses.Select(address => $"-n {name} addr add {address} dev lo{(address.IsV6 ? " nodad" : "")}");

    private IEnumerable<string> Routes()
    {
        foreach (var isV6 in new[] { false, true })
        {
            var (anywhere, virtualAddress, director) = (isV6 ? "::/0" : "0.0.0.0/0",
                TunnelPlan.VirtualAddresses.First(address => address.IsV6 == isV6),
                TunnelPlan.DirectorAddresses.First(address => address.IsV6 == isV6));
            yield return $"-n {Client} route add {anywhere} via {Address(ClientLink, 2, isV6)}";
            yield return $"-n {Entry} route add {anywhere} via {Address(InLink, 2, isV6)}";
            yield return $"-n {Director} route add {anywhere} via {Address(InLink, 1, isV6)}";
            yield return $"-n {Tunnel} route add {anywhere} via {Address(OutLink, 1, isV6)}";
            for (var i = 0; i < _servers.Length; i++)
            {
                var server = TunnelPlan.ServerAddress(i + 1, isV6);
                yield return $"-n {Director} route add {server} via {Address(OutLink, 2, isV6)}";
                yield return $"-n {Tunnel} route add {server} via {Address(FirstServerLink + i + 1, 2, isV6)}";

                // The answer goes straight to the client; what concerns the tunnel goes back by it.
                yield return $"-n {_servers[i]} route add {anywhere} via {Address(FirstReturnLink + i + 1, 2, isV6)}";
                yield return $"-n {_servers[i]} route add {director} via {Address(FirstServerLink + i + 1, 1, isV6)}";
                yield return $"-n {_servers[i]} addr add {virtualAddress} dev lo{(isV6 ? " nodad" : "")}";
            }
        }
    }

    private void LimitReturn()
    {
        if (_plan.ReturnMtu >= 1500)
        {
            return;
        }

        if (_plan.ReturnIsSilent)
        {
            var drops = FormattableString.Invariant($"oifname west meta length > {_plan.ReturnMtu} drop");
            KernelLab.Nft(Entry, $"table inet narrow {{\nchain c {{\ntype filter hook forward priority 0\n{drops}\n}}\n}}");
            return;
        }

        // By route: a smaller device would not take what comes the other way.
        IpAddress[] clients = [ClientAddress(isV6: false), ClientAddress(isV6: true)];
        KernelLab.Ip(
            clients.Select(address => FormattableString.Invariant($"-n {Entry} route add {address} dev west mtu lock {_plan.ReturnMtu}")));
    }

    private void OpenTunnels(int number) => _simulated.Add(OpenEnd(Server(number), TunnelPlan.ServerAddresses(number), _plan.Via(number)));

    // A node and the kernel beside it, which has every address that the node has not.
    private static Topology Beside(NodeSpec node, int mtu)
    {
        const string kernel = "kernel";
        return new Topology
        {
            Vantage = kernel,
            Nodes = [new NodeSpec { Name = kernel, Addresses = [IpPrefix.AllV4, IpPrefix.AllV6] }, node],
            Links =
            [
                new LinkSpec
                {
                    A = new LinkEnd(kernel, ImmutableArray<IpAddress>.Empty),
                    B = new LinkEnd(node.Name, ImmutableArray<IpAddress>.Empty),
                    Quality = new LinkQuality { Mtu = Unlimited },
                    Back = new LinkQuality { Mtu = mtu },
                },
            ],
        };
    }
}
