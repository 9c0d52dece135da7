using Probe.Lab.Networks;

namespace Probe.Cli.Tests.Live;

/// <summary>
/// Five namespaces: client – router – two parallel routers – server, with ICMP limits off. The first router balances flows (hash policy 1).
/// Removed at the end.
/// </summary>
public sealed class LiveNetwork : IDisposable
{
    public const string Server = "10.88.9.9";
    private readonly KernelLab? _lab;
    private readonly IReadOnlyList<string> _names = [];

    public LiveNetwork()
    {
        // A fixture is made even where all its tests are skipped.
        if (Needs.Missing(Need.Namespaces) is not null)
        {
            return;
        }

        _lab = new KernelLab();
        try
        {
            _names = _lab.AddNamespaces(5);
            var (client, router, upper, lower, server) = (_names[0], _names[1], _names[2], _names[3], _names[4]);
            foreach (var name in _names)
            {
                KernelLab.Sysctl(name, ("net.ipv4.ip_forward", "1"), ("net.ipv4.icmp_ratelimit", "0"),
                    ("net.ipv4.icmp_msgs_per_sec", "100000"), ("net.ipv4.icmp_msgs_burst", "100000"), ("net.ipv4.fib_multipath_hash_policy", "1"));
            }

            KernelLab.Ip(
            [
                .. Link(client, "c0", "10.88.1.1", router, "r0", "10.88.1.2"),
                .. Link(router, "r1", "10.88.2.1", upper, "a0", "10.88.2.2"),
                .. Link(router, "r2", "10.88.3.1", lower, "b0", "10.88.3.2"),
                .. Link(upper, "a1", "10.88.4.1", server, "s0", "10.88.4.2"),
                .. Link(lower, "b1", "10.88.5.1", server, "s1", "10.88.5.2"),
            ]);
            KernelLab.Ip(
            [
                $"-n {client} route add default via 10.88.1.2",
                $"-n {router} route add {Server} nexthop via 10.88.2.2 nexthop via 10.88.3.2",
                $"-n {upper} route add {Server} via 10.88.4.2",
                $"-n {upper} route add 10.88.1.0/24 via 10.88.2.1",
                $"-n {lower} route add {Server} via 10.88.5.2",
                $"-n {lower} route add 10.88.1.0/24 via 10.88.3.1",
                $"-n {server} addr add {Server}/32 dev lo",
                $"-n {server} route add 10.88.1.0/24 via 10.88.4.1",
            ]);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public string Client => _names[0];

    /// <summary>Every router and the server from now on send about one error a second to one address, as Linux does out of the box; or any number.</summary>
    public void LimitErrors(bool limit)
    {
        foreach (var name in _names)
        {
            KernelLab.Sysctl(name, ("net.ipv4.icmp_ratelimit", limit ? "1000" : "0"));
        }
    }

    public void Dispose() => _lab?.Dispose();

    private static string[] Link(string near, string nearDevice, string nearAddress, string far, string farDevice, string farAddress) =>
    [
        $"link add {nearDevice} netns {near} type veth peer name {farDevice} netns {far}",
        $"-n {near} addr add {nearAddress}/24 dev {nearDevice}", $"-n {near} link set {nearDevice} up",
        $"-n {far} addr add {farAddress}/24 dev {farDevice}", $"-n {far} link set {farDevice} up",
    ];
}
