using System.Globalization;
using System.Net.Sockets;
using System.Net;
using Probe.Core.Packets;
using Probe.Lab.Networks;
using Probe.Lab.Simulation;
using Probe.Lab.Tests.Simulation;

namespace Probe.Lab.Tests.Kernel;

/// <summary>Real TCP and real path MTU discovery through the tunnels.</summary>
public sealed class LinuxTunnelTests
{
    private const int Upload = 200_000;

    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(30);

    [NeedsFact(Need.Namespaces | Need.Tun | Need.Ping)]
    public void Ping_passes_a_stateless_director_and_is_answered_by_the_server()
    {
        using var lab = new KernelLab();
        using var tunnel = LinuxTunnel.Build(lab, Tunnels.Plan("gue") with { Balancing = DirectorSpec.Stateless });
        foreach (var target in TunnelPlan.VirtualAddresses)
        {
            var ping = lab.Run(tunnel.Client, s_limit, "ping", "-n", "-c", "2", "-i", "0.05", "-W", "5", target.ToString());
            Assert.Contains("2 received", ping.Output, StringComparison.Ordinal);
        }

        // The server sees the client's own request.
        Assert.Equal(2, Counter(tunnel.Server(1), "IcmpInEchos"));
        Assert.Equal(0, Counter(tunnel.Director, "IcmpInEchos"));
    }

    [NeedsTheory(Need.Namespaces | Need.Tun)]
    [InlineData("ipip", 1500, 1480)]
    [InlineData("ipip", 1400, 1380)]
    [InlineData("gue", 1500, 1468)]
    [InlineData("gue", 1400, 1368)]
    [InlineData("fou", 1400, 1372)]
    [InlineData("vxlan", 1400, 1350)]
    [InlineData("gue6", 1400, 1348)]
    public void An_upload_learns_the_tunnels_limit_and_arrives(string name, int outer, int learned)
    {
        using var lab = new KernelLab();
        using var tunnel = LinuxTunnel.Build(lab, Tunnels.Plan(name, outer: outer));
        foreach (var target in TunnelPlan.VirtualAddresses)
        {
            Assert.Equal(Upload, Send(tunnel, target, Upload, s_limit));
            Assert.Equal(learned, LearnedMtu(lab, tunnel.Client, target));
        }
    }

    [NeedsFact(Need.Namespaces | Need.Tun)]
    public void A_relay_that_subtracts_the_outer_header_alone_hangs_the_upload()
    {
        using var lab = new KernelLab();
        var plan = Tunnels.Plan("gue", outer: 1400) with { Balancing = new DirectorSpec { Relay = DirectorRelay.OuterHeaderOnly, LearnsOuterMtu = false } };
        using var tunnel = LinuxTunnel.Build(lab, plan);
        Assert.Equal(0, Send(tunnel, TopologyBuilder.TargetV4, 20_000, TimeSpan.FromSeconds(2)));
        Assert.Equal(1380, LearnedMtu(lab, tunnel.Client, TopologyBuilder.TargetV4));
    }

    [NeedsFact(Need.Namespaces | Need.Tun)]
    public void A_silent_entry_hangs_the_upload_and_teaches_nothing()
    {
        using var lab = new KernelLab();
        using var tunnel = LinuxTunnel.Build(lab, Tunnels.Plan("ipip") with { Balancing = new DirectorSpec { SaysTooBig = false } });
        Assert.Equal(0, Send(tunnel, TopologyBuilder.TargetV4, 20_000, TimeSpan.FromSeconds(2)));
        Assert.Equal(0, LearnedMtu(lab, tunnel.Client, TopologyBuilder.TargetV4));
        Assert.Equal(1000, Send(tunnel, TopologyBuilder.TargetV4, 1000, s_limit));
    }

    [NeedsFact(Need.Namespaces | Need.Tun)]
    public void From_the_director_a_wrapped_probe_is_answered_straight_and_the_tunnels_router_names_its_limit()
    {
        using var lab = new KernelLab();
        var plan = Tunnels.Plan("gue", outer: 1400);
        using var tunnel = LinuxTunnel.Build(lab, plan, balances: false);
        var source = TunnelPlan.DirectorAddresses[0];
        foreach (var (size, errors) in new[] { (1368, 0), (1369, 1) })
        {
            var (before, resets) = (Counter(tunnel.Director, "IcmpInDestUnreachs"), Counter(tunnel.Server(1), "TcpOutRsts"));
            var packet = Tunnels.Wrap(plan.Via(), Probes.Tcp(flags: TcpFlags.Ack, acknowledgment: 2, data: size - 40, source: source), source: source);
            KernelLab.In(tunnel.Director, () =>
            {
                using var raw = new RawPackets(TunnelPlan.ServerAddress(1));
                raw.Send(packet);
                return 0;
            });
            Assert.True(SpinWait.SpinUntil(() => Counter(tunnel.Director, "IcmpInDestUnreachs") == before + errors && Counter(tunnel.Server(1), "TcpOutRsts") == resets + 1 - errors, s_limit));
        }
    }

    [NeedsTheory(Need.Namespaces | Need.Tun | Need.Nftables)]
    [InlineData(true)]
    [InlineData(false)]
    public void A_way_back_that_is_too_narrow_loses_echo_replies_or_fragments_them(bool isSilent)
    {
        using var lab = new KernelLab();
        var plan = Tunnels.Plan("ipip") with { ReturnMtu = 1400, ReturnIsSilent = isSilent, Balancing = DirectorSpec.Stateless };
        using var tunnel = LinuxTunnel.Build(lab, plan);
        foreach (var (payload, passes) in new[] { (1372, true), (1373, !isSilent) })
        {
            // Linux sends echo replies without DF: who may speak fragments them.
            var ping = lab.Run(tunnel.Client, s_limit, "ping", "-n", "-c", "1", "-W", "3", "-M", "do", "-s", payload.ToString(CultureInfo.InvariantCulture), TopologyBuilder.TargetV4.ToString());
            Assert.Equal(passes, ping.Status == 0);
        }
    }

    [NeedsFact(Need.Namespaces | Need.Tun | Need.Nftables)]
    public void A_silent_router_in_the_tunnel_is_a_hole_below_what_the_entry_tells()
    {
        using var lab = new KernelLab();
        using var tunnel = LinuxTunnel.Build(lab, Tunnels.Plan("gue", outer: 1400));
        tunnel.SilenceTunnel();
        Assert.Equal(0, Send(tunnel, TopologyBuilder.TargetV4, 20_000, TimeSpan.FromSeconds(2)));
        Assert.Equal(1468, LearnedMtu(lab, tunnel.Client, TopologyBuilder.TargetV4));
    }

    // Octets that a server had received of so many when everything was there or the time was over.
    private static int Send(LinuxTunnel tunnel, IpAddress target, int octets, TimeSpan limit)
    {
        var end = new IPEndPoint(target.ToIPAddress(), 80);
        using var listener = KernelLab.In(tunnel.Server(1), () => Open(end));
        listener.Bind(end);
        listener.Listen();
        using var client = KernelLab.In(tunnel.Client, () => Open(end));
        client.Connect(end);
        using var accepted = listener.Accept();

        // All at once: the first segment is as large as the handshake allows.
        client.SendBufferSize = 2 * octets;
        client.Blocking = false;
        var buffer = new byte[octets];
        var (sent, received) = (0, 0);
        accepted.Blocking = false;
        var until = DateTime.UtcNow + limit;
        while (received < octets && DateTime.UtcNow < until)
        {
            sent += sent < octets ? Math.Max(0, client.Send(buffer, sent, octets - sent, SocketFlags.None, out _)) : 0;
            var count = accepted.Receive(buffer, 0, octets, SocketFlags.None, out var error);
            if (error == SocketError.WouldBlock)
            {
                Thread.Sleep(1);
            }

            received += Math.Max(0, count);
        }

        return received;
    }

    private static Socket Open(IPEndPoint end) => new(end.AddressFamily, SocketType.Stream, ProtocolType.Tcp);

    private static int LearnedMtu(KernelLab lab, string name, IpAddress target)
    {
        var text = lab.Run(name, s_limit, "ip", "route", "get", target.ToString()).MustSucceed().Output.Split();
        var at = Array.IndexOf(text, "mtu");
        return at < 0 ? 0 : int.Parse(text[at + 1], CultureInfo.InvariantCulture);
    }

    private static long Counter(string name, string counter)
    {
        // Each group is a line of names and a line of values.
        var (group, field) = counter.StartsWith("Tcp", StringComparison.Ordinal) ? ("Tcp:", counter[3..]) : ("Icmp:", counter[4..]);
        var lines = KernelLab.In(name, () => File.ReadAllLines("/proc/thread-self/net/snmp")).Where(line => line.StartsWith(group, StringComparison.Ordinal)).Select(line => line.Split(' ')).ToArray();
        return long.Parse(lines[1][Array.IndexOf(lines[0], field)], CultureInfo.InvariantCulture);
    }
}
