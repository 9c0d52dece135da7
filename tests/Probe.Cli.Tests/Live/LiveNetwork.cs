namespace Probe.Cli.Tests.Live;

/// <summary>
/// Five namespaces: client – router – two parallel routers – server, with ICMP limits off. The first router balances flows (hash policy 1).
/// Removed at the end.
/// </summary>
public sealed class LiveNetwork : IDisposable
{
    public const string Server = "10.88.9.9";
    private readonly string _prefix = $"pb{Environment.ProcessId}l";

    public LiveNetwork()
    {
        // A fixture is made even where all its tests are skipped.
        if (Needs.Missing(Need.Root, "ip") is not null)
        {
            return;
        }

        try
        {
            foreach (var name in Names)
            {
                Ip("netns", "add", name);
                Shell.Run("ip", "netns", "exec", name, "sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv4.icmp_ratelimit=0",
                    "net.ipv4.icmp_msgs_per_sec=100000", "net.ipv4.icmp_msgs_burst=100000", "net.ipv4.conf.all.rp_filter=0", "net.ipv4.conf.default.rp_filter=0",
                    "net.ipv4.fib_multipath_hash_policy=1");
                Ip("-n", name, "link", "set", "lo", "up");
            }

            Link("c", "c0", "10.88.1.1", "r", "r0", "10.88.1.2");
            Link("r", "r1", "10.88.2.1", "a", "a0", "10.88.2.2");
            Link("r", "r2", "10.88.3.1", "b", "b0", "10.88.3.2");
            Link("a", "a1", "10.88.4.1", "s", "s0", "10.88.4.2");
            Link("b", "b1", "10.88.5.1", "s", "s1", "10.88.5.2");
            Ip("-n", _prefix + "s", "addr", "add", Server + "/32", "dev", "lo");
            Route("c", "default", "via", "10.88.1.2");
            Route("r", Server, "nexthop", "via", "10.88.2.2", "nexthop", "via", "10.88.3.2");
            Route("a", Server, "via", "10.88.4.2");
            Route("b", Server, "via", "10.88.5.2");
            Route("a", "10.88.1.0/24", "via", "10.88.2.1");
            Route("b", "10.88.1.0/24", "via", "10.88.3.1");
            Route("s", "10.88.1.0/24", "via", "10.88.4.1");
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public string Client => _prefix + "c";

    /// <summary>Every router and the server from now on send about one error a second to one address, as Linux does out of the box; or any number.</summary>
    public void LimitErrors(bool limit)
    {
        foreach (var name in Names)
        {
            Shell.Run("ip", "netns", "exec", name, "sysctl", "-qw", $"net.ipv4.icmp_ratelimit={(limit ? 1000 : 0)}");
        }
    }

    private IEnumerable<string> Names => "crabs".Select(letter => _prefix + letter);

    public void Dispose()
    {
        foreach (var name in Names.Where(name => File.Exists("/run/netns/" + name)))
        {
            Ip("netns", "del", name);
        }
    }

    private void Link(string near, string nearDevice, string nearAddress, string far, string farDevice, string farAddress)
    {
        Ip("link", "add", nearDevice, "netns", _prefix + near, "type", "veth", "peer", "name", farDevice, "netns", _prefix + far);
        foreach (var (name, device, address) in new[] { (near, nearDevice, nearAddress), (far, farDevice, farAddress) })
        {
            Ip("-n", _prefix + name, "addr", "add", address + "/24", "dev", device);
            Ip("-n", _prefix + name, "link", "set", device, "up");
        }
    }

    private void Route(string name, params string[] route) => Ip(["-n", _prefix + name, "route", "add", .. route]);

    private static void Ip(params string[] arguments) => Shell.Run("ip", arguments);
}
