using System.Net.Sockets;
using System.Net;
using Probe.Core.Packets;

namespace Probe.Lab.Networks;

/// <summary>
/// A checker and its backends on one link: some on the link itself, some behind the default gateway, some behind a gateway of their own.
/// All live in one namespace; each listens on port 80. Neighbours are found by ARP, as on a real link.
/// </summary>
public sealed class BackendNet
{
    private readonly KernelLab _lab;

    private BackendNet(KernelLab lab, string checker, string backends, TcpListener listener) =>
        (_lab, Checker, Backends, Listener) = (lab, checker, backends, listener);

    /// <summary>Namespace of the checker; its interface is <c>c0</c>, its address 10.9.0.1.</summary>
    public string Checker { get; }

    /// <summary>Namespace of the backends; its interface is <c>b0</c>.</summary>
    public string Backends { get; }

    /// <summary>Listens on port 80 of every backend.</summary>
    public TcpListener Listener { get; }

    /// <summary>A backend on the link.</summary>
    public static IpAddress OnLink(int number) => IpAddress.Parse($"10.9.0.{10 + number}");

    /// <summary>A backend behind the default gateway, 10.9.0.2.</summary>
    public static IpAddress Behind(int number) => IpAddress.Parse($"10.9.8.{number}");

    /// <summary>Builds it.</summary>
    public static BackendNet Build(KernelLab lab)
    {
        var names = lab.AddNamespaces(2);
        var (checker, backends) = (names[0], names[1]);
        KernelLab.Ip(
        [
            $"link add c0 netns {checker} type veth peer name b0 netns {backends}",
            $"-n {checker} addr add 10.9.0.1/24 dev c0",
            $"-n {checker} addr add fd09::1/64 dev c0 nodad",
            $"-n {checker} link set c0 up",
            $"-n {backends} addr add 10.9.0.2/24 dev b0",
            $"-n {backends} addr add fd09::11/64 dev b0 nodad",
            .. Enumerable.Range(1, 5).Select(number => $"-n {backends} addr add {OnLink(number)}/32 dev lo"),
            .. Enumerable.Range(1, 5).Select(number => $"-n {backends} addr add {Behind(number)}/32 dev lo"),
            $"-n {backends} link set b0 up",
            $"-n {checker} route add default via 10.9.0.2",
        ]);
        return new BackendNet(lab, checker, backends, KernelLab.In(backends, Listen));
    }

    /// <summary>Runs a program as the checker.</summary>
    public LabResult Run(TimeSpan limit, string program, params string[] arguments) => _lab.Run(Checker, limit, program, arguments);

    /// <summary>The gateways say nothing more, not even to ARP; the link itself stays as it is.</summary>
    public void SilenceBackends()
    {
        KernelLab.Sysctl(Backends, ("net.ipv4.conf.all.arp_ignore", "8"));
        Filter(Backends, "input", "drop");
    }

    /// <summary>One rule at a hook of a namespace, IPv4.</summary>
    public static void Filter(string name, string hook, string rule) =>
        KernelLab.Nft(name, $"table ip filter_{hook} {{\nchain c {{\ntype filter hook {hook} priority 0\n{rule}\n}}\n}}");

    private static TcpListener Listen()
    {
        var listener = new TcpListener(IPAddress.IPv6Any, 80);
        listener.Server.DualMode = true;
        listener.Start(1024);
        return listener;
    }
}
