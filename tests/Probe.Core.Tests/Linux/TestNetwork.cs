using Probe.Core.Linux.Namespaces;
using Probe.Core.Packets;

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

    private static int s_count;

    private readonly string _prefix = $"pb{Environment.ProcessId}_{Interlocked.Increment(ref s_count)}";

    public TestNetwork()
    {
        try
        {
            foreach (var name in new[] { Client, Router, Server })
            {
                Ip("netns", "add", name);
                Ip("-n", name, "link", "set", "lo", "up");
                Sysctl(name, "net.ipv6.conf.all.accept_dad=0", "net.ipv6.conf.default.accept_dad=0", "net.ipv6.conf.default.dad_transmits=0");
            }

            Ip("link", "add", "c0", "netns", Client, "type", "veth", "peer", "name", "r0", "netns", Router);
            Ip("link", "add", "r1", "netns", Router, "type", "veth", "peer", "name", "s0", "netns", Server);
            Sysctl(Router, "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1", "net.ipv4.icmp_ratelimit=0", "net.ipv6.icmp.ratelimit=0");
            Sysctl(Server, "net.ipv4.icmp_ratelimit=0", "net.ipv6.icmp.ratelimit=0");
            Up(Client, "c0", "10.77.1.1/24", "fd77:1::1/64");
            Up(Router, "r0", "10.77.1.2/24", "fd77:1::2/64");
            Up(Router, "r1", "10.77.2.2/24", "fd77:2::2/64");
            Up(Server, "s0", "10.77.2.1/24", "fd77:2::1/64");
            Ip("-n", Server, "addr", "add", "10.77.2.3/24", "dev", "s0");
            Ip("-n", Router, "link", "set", "r1", "mtu", "1300");
            Ip("-n", Client, "route", "add", "default", "via", "10.77.1.2");
            Ip("-n", Client, "-6", "route", "add", "default", "via", "fd77:1::2");
            Ip("-n", Server, "route", "add", "default", "via", "10.77.2.2");
            Ip("-n", Server, "-6", "route", "add", "default", "via", "fd77:2::2");
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public string Client => _prefix + "c";

    public string Router => _prefix + "r";

    public string Server => _prefix + "s";

    public static string PathOf(string name) => "/run/netns/" + name;

    /// <summary>Runs work inside the client; it must only make system calls.</summary>
    public T InClient<T>(Func<T> work) => NamespaceThread.Run(PathOf(Client), work);

    public T InServer<T>(Func<T> work) => NamespaceThread.Run(PathOf(Server), work);

    public static string Exec(string name, params string[] command) => Shell.Run("ip", ["netns", "exec", name, .. command]);

    public static void Nft(string name, string rules)
    {
        var file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, rules);
            Exec(name, "nft", "-f", file);
        }
        finally
        {
            File.Delete(file);
        }
    }

    public void Dispose()
    {
        foreach (var name in new[] { Client, Router, Server })
        {
            // Absent when the set-up failed before it.
            if (File.Exists(PathOf(name)))
            {
                Ip("netns", "del", name);
            }
        }
    }

    private static void Up(string name, string device, string v4, string v6)
    {
        Ip("-n", name, "addr", "add", v4, "dev", device);
        Ip("-n", name, "addr", "add", v6, "dev", device, "nodad");
        Ip("-n", name, "link", "set", device, "up");
    }

    private static void Sysctl(string name, params string[] settings) => Exec(name, ["sysctl", "-qw", .. settings]);

    private static void Ip(params string[] arguments) => Shell.Run("ip", arguments);
}
