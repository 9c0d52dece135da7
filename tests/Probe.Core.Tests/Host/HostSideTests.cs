using System.Net.Sockets;
using System.Net;
using Probe.Core.Host;
using Probe.Core.Packets;
using Probe.Core.Tests.Linux;
using Probe.Lab.Networks;
using Probe.Core.Vocabulary;

namespace Probe.Core.Tests.Host;

/// <summary>What the kernel says about itself, against what the system's own programs say.</summary>
public class HostSideTests
{
    [Fact]
    public void Counters_are_named_as_nstat_names_them_and_deltas_keep_what_moved()
    {
        var before = CounterSnapshot.Parse("Ip: Forwarding FragFails InReceives\nIp: 1 3 10\nTcpExt: TCPTimeouts\nTcpExt: 7\n", "Ip6FragFails                    \t2\n");
        var after = CounterSnapshot.Parse("Ip: Forwarding FragFails InReceives New\nIp: 1 5 10 4\nTcpExt: TCPTimeouts\nTcpExt: 9\n", "Ip6FragFails                    \t2\n");
        Assert.Equal(3, before.Values["IpFragFails"]);
        Assert.Equal(2, before.Values["Ip6FragFails"]);
        Assert.Equal(["IpFragFails=2", "TcpExtTCPTimeouts=2"], after.Since(before).Select(moved => $"{moved.Key}={moved.Value}"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("Ip: A B\n")]
    [InlineData("Ip: A B\nTcp: 1 2\n")]
    [InlineData("Ip A B\nIp 1 2\n")]
    [InlineData("Ip: A B\nIp: x y\n")]
    public void A_table_that_is_none_gives_no_counter(string table) => Assert.Empty(CounterSnapshot.Parse(table, "a b c\n1\n").Values);

    [Fact]
    public void The_kernel_s_own_counters_are_read()
    {
        var now = CounterSnapshot.Read().Values;
        foreach (var name in new[] { "IpFragFails", "IcmpOutDestUnreachs", "TcpRetransSegs", "TcpExtTCPTimeouts" })
        {
            Assert.True(now.ContainsKey(name), name);
        }
    }

    [Fact]
    public void A_connection_is_shown_with_its_queue_and_tcp_info()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = (ushort)((IPEndPoint)listener.LocalEndpoint).Port;
        using var client = new TcpClient();
        client.Connect(IPAddress.Loopback, port);
        using var server = listener.AcceptTcpClient();
        server.GetStream().Write(new byte[1234]);
        var socket = Assert.Single(SocketTable.To(IpAddress.Parse("127.0.0.1"), port));
        Assert.Equal(("127.0.0.1", ((IPEndPoint)client.Client.LocalEndPoint!).Port, TcpSocketState.Established), (socket.Local, socket.LocalPort, socket.State));
        Assert.Equal(1234, socket.ReceiveQueue);
        Assert.True(socket.Info is { SndMss: > 500, Pmtu: > 1000, Cwnd: > 0, RtoNs: >= 200_000_000 }, $"{socket.Info}");
        Assert.Empty(SocketTable.To(IpAddress.Parse("127.0.0.2"), port));
    }

    [NeedsFact(Need.Namespaces, "ethtool")]
    public void Mtu_and_offloads_are_what_ethtool_says()
    {
        using var lab = new KernelLab();
        var name = lab.AddNamespaces(1)[0];
        KernelLab.Ip([$"-n {name} link add v0 mtu 1400 type veth peer name v1", $"-n {name} link set v0 up"]);
        Shell.Run("ip", "netns", "exec", name, "ethtool", "-K", "v0", "gso", "off", "gro", "on");
        var device = KernelLab.In(name, InterfaceTable.Read).Single(item => item.Name is "v0");
        Assert.Equal((1400, true), (device.Mtu, device.Up));
        var said = Shell.Run("ip", "netns", "exec", name, "ethtool", "-k", "v0").Split('\n')
            .Select(line => line.Trim().Split(": ")).Where(parts => parts.Length == 2).ToDictionary(parts => parts[0], parts => parts[1].StartsWith("on", StringComparison.Ordinal));
        Assert.Equal(said["generic-segmentation-offload"], device.Offloads["tx-generic-segmentation"]);
        Assert.Equal(said["generic-receive-offload"], device.Offloads["rx-gro"]);
        Assert.False(device.Offloads["tx-generic-segmentation"]);
        Assert.True(device.Offloads["rx-gro"]);
        foreach (var (feature, on) in device.Offloads.Where(pair => said.ContainsKey(pair.Key)))
        {
            Assert.Equal((feature, said[feature]), (feature, on));
        }
    }

    [NeedsTheory(Need.Namespaces)]
    [InlineData(false)]
    [InlineData(true)]
    public void What_the_kernel_learned_stands_beside_what_is_configured(bool v6)
    {
        using var network = new TestNetwork();
        var target = v6 ? TestNetwork.Server6 : TestNetwork.Server4;
        Assert.Empty(network.InClient(LearnedPathMtus.Read));
        Assert.Null(network.InClient(() => LearnedPathMtus.For(target)));

        // A datagram of the kernel's own, larger than the router's second link carries; its socket has to live until the answer comes.
        using var socket = network.InClient(() => new Socket(v6 ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
        socket.SendTo(new byte[1400], new IPEndPoint(IPAddress.Parse(target.ToString()), 9));
        Assert.True(SpinWait.SpinUntil(() => network.InClient(() => LearnedPathMtus.For(target)) is not null, TimeSpan.FromSeconds(5)), "nothing was learned");
        var learned = network.InClient(() => LearnedPathMtus.For(target))!;
        Assert.Equal((1300, 1500, "c0", "default"), (learned.LearnedMtu, learned.DeviceMtu, learned.Interface, learned.Route));
        Assert.True(learned is { ConfiguredMtu: null, Locked: false, ExpiresSeconds: > 500 }, $"{learned}");
        Assert.Equal((v6 ? TestNetwork.Router6 : TestNetwork.Router4).ToString(), learned.Gateway);
        var listed = Assert.Single(network.InClient(LearnedPathMtus.Read));
        Assert.Equal(learned with { ExpiresSeconds = null }, listed with { ExpiresSeconds = null });
    }
}
