using Probe.Core.Packets;
using Probe.Core.TcpTests;

namespace Probe.Lab.Networks;

/// <summary>What a director does to what it forwards.</summary>
public sealed record DirectorFaults
{
    /// <summary>MTU of its route to the VIPs, octets, as the entry of a tunnel has; null for the link's 1,500.</summary>
    public int? RouteMtu { get; init; }

    /// <summary>It loses what the host before it merged: packets in memory longer than the link's MTU, which the wire never sees.</summary>
    public bool LosesMerged { get; init; }

    /// <summary>MTU configured on the client's route to the VIPs, octets: the cure; null for none.</summary>
    public int? ClientRouteMtu { get; init; }

    /// <summary>The MSS in SYNs is lowered to this on the way; null leaves it.</summary>
    public int? ClampedMss { get; init; }
}

/// <summary>
/// A client, a director that forwards, and a server that answers for a whole network of VIPs, all real Linux. A fresh VIP has no path MTU
/// learned yet. The server is a <see cref="TcpResponder"/>, which takes everything it is sent.
/// </summary>
public sealed class DirectorNet : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly TcpResponder _responder;
    private readonly Thread _thread;

    private DirectorNet(string client, string director, string server, TcpResponder responder)
    {
        (Client, Director, Server, _responder) = (client, director, server, responder);
        _thread = new Thread(() => responder.Run(_stop.Token)) { IsBackground = true };
        _thread.Start();
    }

    /// <summary>The port that every VIP serves.</summary>
    public const ushort Port = 7777;

    /// <summary>The client's namespace; its interface is <c>c0</c>.</summary>
    public string Client { get; }

    /// <summary>The director's namespace.</summary>
    public string Director { get; }

    /// <summary>The server's namespace.</summary>
    public string Server { get; }

    /// <summary>The client's address.</summary>
    public static IpAddress ClientAddress { get; } = IpAddress.Parse("10.40.1.1");

    /// <summary>The director's address towards the client.</summary>
    public static IpAddress DirectorAddress { get; } = IpAddress.Parse("10.40.1.2");

    /// <summary>A VIP, 1 to 250.</summary>
    public static IpAddress Vip(int number, bool v6 = false) => IpAddress.Parse(v6 ? $"fd40:9::{number}" : $"10.40.9.{number}");

    /// <summary>Builds it.</summary>
    public static DirectorNet Build(KernelLab lab, DirectorFaults faults)
    {
        var names = lab.AddNamespaces(3);
        var (client, director, server) = (names[0], names[1], names[2]);
        var mtu = faults.RouteMtu is { } octets ? $" mtu {octets}" : "";
        string Cure(int headers) => faults.ClientRouteMtu is { } less ? $" mtu {less} advmss {less - headers}" : "";
        KernelLab.Ip(
        [
            $"link add c0 netns {client} type veth peer name d0 netns {director}",
            $"link add d1 netns {director} type veth peer name s0 netns {server}",
            $"-n {client} addr add 10.40.1.1/24 dev c0",
            $"-n {client} link set c0 up",
            $"-n {director} addr add 10.40.1.2/24 dev d0",
            $"-n {director} link set d0 up",
            $"-n {director} addr add 10.40.2.1/24 dev d1",
            $"-n {director} link set d1 up",
            $"-n {server} addr add 10.40.2.2/24 dev s0",
            $"-n {server} link set s0 up",
            $"-n {client} addr add fd40:1::1/64 dev c0 nodad",
            $"-n {director} addr add fd40:1::2/64 dev d0 nodad",
            $"-n {director} addr add fd40:2::1/64 dev d1 nodad",
            $"-n {server} addr add fd40:2::2/64 dev s0 nodad",
            $"-n {client} route add 10.40.9.0/24 via 10.40.1.2{Cure(40)}",
            $"-n {client} route add fd40:9::/64 via fd40:1::2{Cure(60)}",
            $"-n {director} route add 10.40.9.0/24 via 10.40.2.2{mtu}",
            $"-n {director} route add fd40:9::/64 via fd40:2::2{mtu}",
            $"-n {server} route add 10.40.1.0/24 via 10.40.2.1",
            $"-n {server} route add fd40:1::/64 via fd40:2::1",
            $"-n {server} route add local 10.40.9.0/24 dev lo",
            $"-n {server} route add local fd40:9::/64 dev lo",
        ]);
        LinuxRouter.Configure(director, forwards: true, IcmpLimits.Off);
        if (faults.LosesMerged)
        {
            // The length is that of the packet in memory: only merged segments have more than the link carries.
            BackendNet.Filter(director, "forward", "meta length > 1500 drop");
        }

        if (faults.ClampedMss is { } mss)
        {
            KernelLab.Nft(director,
                $"table ip clamp {{\nchain c {{\ntype filter hook forward priority 1\ntcp flags syn tcp option maxseg size set "
                    + $"{mss}\n}}\n}}");
        }

        return new DirectorNet(client, director, server, KernelLab.In(server, () => new TcpResponder(Port)));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _stop.Cancel();
        _thread.Join();
        _responder.Dispose();
        _stop.Dispose();
    }
}
