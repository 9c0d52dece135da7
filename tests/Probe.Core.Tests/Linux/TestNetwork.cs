using Probe.Core.Linux.Namespaces;
using Probe.Core.Packets;
using Probe.Core.Wire;
using Probe.Lab.Networks;

namespace Probe.Core.Tests.Linux;

/// <summary>
/// Three namespaces in a line, client – router – server, removed at the end. The link between router and server takes 1,300 octets,
/// the client's 1,500: larger packets with DF draw a true frag-needed or Packet Too Big from the router.
/// </summary>
public sealed class TestNetwork : IDisposable
{
    public static readonly IpAddress Client4 = IpAddress.Parse("10.77.1.1");
    public static readonly IpAddress Router4 = IpAddress.Parse("10.77.1.2");
    public static readonly IpAddress Server4 = IpAddress.Parse("10.77.2.1");
    public static readonly IpAddress Other4 = IpAddress.Parse("10.77.2.3");
    public static readonly IpAddress Client6 = IpAddress.Parse("fd77:1::1");
    public static readonly IpAddress Router6 = IpAddress.Parse("fd77:1::2");
    public static readonly IpAddress Server6 = IpAddress.Parse("fd77:2::1");

    private readonly KernelLab _lab = new();

    // Receive stamps are switched on for the whole host by a deferred job of the kernel, which a busy machine takes its time for: they stay on.
    private readonly RawPacketPort? _stamps;

    public TestNetwork()
    {
        try
        {
            var names = _lab.AddNamespaces(3);
            (Client, Router, Server) = (names[0], names[1], names[2]);
            KernelLab.Ip([$"link add c0 netns {Client} type veth peer name r0 netns {Router}", $"link add r1 netns {Router} type veth peer name s0 netns {Server}"]);
            KernelLab.Sysctl(Router,
                ("net.ipv4.ip_forward", "1"), ("net.ipv6.conf.all.forwarding", "1"), ("net.ipv4.icmp_ratelimit", "0"), ("net.ipv6.icmp.ratelimit", "0"));
            KernelLab.Sysctl(Server, ("net.ipv4.icmp_ratelimit", "0"), ("net.ipv6.icmp.ratelimit", "0"));
            KernelLab.Ip(
            [
                .. Up(Client, "c0", "10.77.1.1/24", "fd77:1::1/64"),
                .. Up(Router, "r0", "10.77.1.2/24", "fd77:1::2/64"),
                .. Up(Router, "r1", "10.77.2.2/24", "fd77:2::2/64"),
                .. Up(Server, "s0", "10.77.2.1/24", "fd77:2::1/64"),
                $"-n {Server} addr add 10.77.2.3/24 dev s0",
                $"-n {Router} link set r1 mtu 1300",
                $"-n {Client} route add default via 10.77.1.2",
                $"-n {Client} route add default via fd77:1::2",
                $"-n {Server} route add default via 10.77.2.2",
                $"-n {Server} route add default via fd77:2::2",
            ]);
            _stamps = NamespaceThread.Run(PathOf(Router), () => new RawPacketPort(new RawPortOptions()));
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public string Client { get; }

    public string Router { get; }

    public string Server { get; }

    public static string PathOf(string name) => KernelLab.PathOf(name);

    /// <summary>Runs work inside the client; it must only make system calls.</summary>
    public T InClient<T>(Func<T> work) => NamespaceThread.Run(PathOf(Client), work);

    public T InServer<T>(Func<T> work) => NamespaceThread.Run(PathOf(Server), work);

    public static string Exec(string name, params string[] command) => Shell.Run("ip", ["netns", "exec", name, .. command]);

    public static void Nft(string name, string rules) => KernelLab.Nft(name, rules);

    public void Dispose()
    {
        _stamps?.Dispose();
        _lab.Dispose();
    }

    private static string[] Up(string name, string device, string v4, string v6) =>
    [
        $"-n {name} addr add {v4} dev {device}", $"-n {name} addr add {v6} dev {device} nodad", $"-n {name} link set {device} up",
    ];
}
