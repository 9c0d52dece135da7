using System.Net.Sockets;
using System.Net;
using Probe.Core.Evidence;
using Probe.Core.Packets;
using Probe.Core.Vocabulary;
using Probe.Lab.Instruments;
using Probe.Lab.Networks;

namespace Probe.Cli.Tests.Kernel;

/// <summary>
/// Traces through a tunnel whose end stands beside hop 3 of 5: the kernel routes what comes out of it, and the target answers the client straight, past the tunnel.
/// </summary>
public sealed class TunnelTraceTests : IDisposable
{
    private const Need Needs = ProbeInside.Needs | Need.Tun;
    private const string Vip = "10.99.0.10";

    private static readonly string[] s_vias =
    [
        "gue:10.98.0.3", "ipip:10.98.0.3", "gre:10.98.0.3/42,csum,seq", "fou:10.98.0.3:5555,csum", "vxlan:10.98.0.3/100,mac=02:00:5e:00:53:01", "gue:10.98.0.3:6085,remcsum",
        "gue:[fd98::3]", "ipip:[fd98::3]",
    ];

    private readonly KernelLab _lab = new();
    private readonly LinuxLine _line;
    private readonly RealTimeNetwork _end;

    public TunnelTraceTests()
    {
        _line = LinuxLine.Build(_lab, 5);
        KernelLab.Ip(Enumerable.Range(1, 2).SelectMany(hop => new[]
        {
            $"-n {_line.Router(hop)} route add 10.98.0.3 via {LinuxLine.Hop(hop + 1, v6: false)}", $"-n {_line.Router(hop)} route add fd98::3 via {LinuxLine.Hop(hop + 1, v6: true)}",
        }));
        _end = LinuxTunnel.OpenEnd(_line.Router(3), [IpAddress.Parse("10.98.0.3"), IpAddress.Parse("fd98::3")], [.. s_vias.Select(via => EncapsulationText.TryParse(via, out var layer, out var error) ? layer : throw new FormatException(error))]);
    }

    public void Dispose()
    {
        _end.Dispose();
        _lab.Dispose();
    }

    [NeedsTheory(Needs)]
    [InlineData(false)]
    [InlineData(true)]
    public void The_path_behind_the_tunnel_s_end_is_shown_through_every_type_of_tunnel(bool v6)
    {
        var routes = (_line.Route(v6), Route("10.98.0.3"), Route("fd98::3"));
        foreach (var (index, via) in s_vias.Index())
        {
            var (bundle, trace, result) = _line.Trace((ProbeProtocol)(index % 3), v6, "-c", "1", "--via", via);
            Assert.True(result.Status == 0, result.ToString());
            Assert.Equal(_line.Addresses(v6)[2..], trace.Addresses());
            Assert.Equal((true, 3, StopReason.Target, null), (trace.Reached, trace.ReachedTtl, trace.StopReason, trace.Sweep));
            Assert.Equal([via], trace.Via);
            Assert.All(trace.Hops, hop => Assert.Null(Assert.Single(Assert.Single(hop.Nodes).Replies).Layer));
            Assert.Null(bundle.Gaps);
        }

        Assert.Equal(routes, (_line.Route(v6), Route("10.98.0.3"), Route("fd98::3")));
    }

    [NeedsFact(Needs)]
    public void Many_hosts_and_many_paths_behind_a_tunnel_s_end_are_found_as_those_of_one()
    {
        string[] hosts = [_line.Target(v6: false).ToString(), LinuxLine.Hop(4, v6: false).ToString(), LinuxLine.Hop(3, v6: false).ToString()];
        var result = _line.Probe(["trace", "-n", "--json", "--tcp", "--via", "gue:10.98.0.3", .. hosts]);
        Assert.True(result.Status == 0, result.ToString());
        var traces = ProbeInside.Read(result).Traces!.ToDictionary(trace => trace.Target);
        Assert.Equal(3, traces.Count);
        for (var i = 0; i < hosts.Length; i++)
        {
            var trace = traces[hosts[i]];
            Assert.Equal((true, "gue:10.98.0.3"), (trace.Reached, Assert.Single(trace.Via)));
            Assert.Equal([.. _line.Addresses(v6: false)[2..(4 - i)], hosts[i]], trace.Addresses());
        }

        var (_, search, one) = _line.Trace(ProbeProtocol.Udp, v6: false, "--ecmp", "--via", "gue:10.98.0.3");
        Assert.True(one.Status == 0, one.ToString());
        Assert.Equal(_line.Addresses(v6: false)[2..], search.Addresses());
        Assert.True(search.Flows.Count > 1);
    }

    [NeedsFact(Needs)]
    public void The_tunnel_s_own_path_is_shown_when_its_TTL_is_swept()
    {
        foreach (var via in s_vias[..2])
        {
            var (_, trace, result) = _line.Trace(ProbeProtocol.Udp, v6: false, "-c", "1", "--via", via, "--sweep", "outer");
            Assert.True(result.Status == 0, result.ToString());
            Assert.Equal(["10.9.1.2", "10.9.2.2", "10.9.3.2", _line.Target(v6: false).ToString()], trace.Addresses());
            Assert.Equal((4, (SweptTtl?)SweptTtl.Outer), (trace.ReachedTtl, trace.Sweep));
            Assert.Equal([1, 1, 1, null], trace.Hops.Select(hop => hop.Nodes[0].Replies[0].Layer));
            Assert.Equal(trace.Flows[0].OuterSourcePort is null ? FlowKind.Ports : FlowKind.OuterPort, trace.Flows[0].Kind);
        }
    }

    [NeedsTheory(Needs)]
    [InlineData("gue:10.9.3.2:6099", ReplyKind.PortUnreachable, "port-unreachable")]
    [InlineData("ipip:10.9.4.2", ReplyKind.ProtocolUnreachable, "protocol-unreachable")]
    public void A_wrong_port_and_a_wrong_protocol_are_named_and_are_no_answer_of_the_target(string via, ReplyKind kind, string word)
    {
        var (bundle, trace, result) = _line.Trace(ProbeProtocol.Icmp, v6: false, "-c", "1", "--via", via);
        Assert.Equal(1, result.Status);
        Assert.Equal((false, StopReason.Tunnel), (trace.Reached, trace.StopReason));
        var reply = Assert.Single(Assert.Single(Assert.Single(trace.Hops).Nodes).Replies);
        Assert.Equal((kind, 1), (reply.Kind, reply.Layer));
        Assert.Contains(bundle.Findings!, finding => finding.Summary.Contains("tunnel's own packet", StringComparison.Ordinal));

        // Even where the tunnel's end has the target's own address.
        var same = _line.Probe("trace", "-n", "--report", "-c", "1", "--via", via, via.Split(':')[1]);
        Assert.Equal(1, same.Status);
        Assert.Contains($"rejects the tunnel's own packets ({word}): nothing takes {via} there", same.Output, StringComparison.Ordinal);
    }

    [NeedsFact(Needs)]
    public void Outer_sweeps_show_the_way_to_an_end_that_takes_nothing()
    {
        var (_, trace, _) = _line.Trace(ProbeProtocol.Tcp, v6: false, "-c", "1", "--via", "gue:10.9.3.2:6099", "--sweep", "outer");
        Assert.Equal(["10.9.1.2", "10.9.2.2", "10.9.3.2"], trace.Addresses());
        Assert.Equal(StopReason.Tunnel, trace.StopReason);
    }

    [NeedsFact(Needs)]
    public void On_a_director_the_answers_of_its_own_virtual_address_are_read_once()
    {
        KernelLab.Ip(
        [
            $"-n {_line.Client} addr add {Vip}/32 dev lo", $"-n {_line.Server} addr add {Vip}/32 dev lo",
            $"-n {_line.Router(3)} route add {Vip}/32 via 10.9.4.2", $"-n {_line.Router(4)} route add {Vip}/32 via 10.9.5.2",
        ]);
        foreach (var acceptsLocal in new[] { "0", "1" })
        {
            // With accept_local the kernel shows the answer to raw sockets too: it still counts once.
            KernelLab.Sysctl(_line.Client, ("net.ipv4.conf.all.accept_local", acceptsLocal));
            foreach (var protocol in Enum.GetValues<ProbeProtocol>())
            {
                var result = _line.Probe("trace", "-n", "--json", ProbeInside.Option(protocol), "-c", "2", "-i", "100ms", "--flows", "2", "--via", "gue:10.98.0.3", Vip);
                var trace = Assert.Single(ProbeInside.Read(result).Traces!);
                Assert.True(result.Status == 0, result.ToString());
                Assert.Equal(["10.9.3.2", "10.9.4.2", Vip], trace.Addresses());
                Assert.Equal(4, trace.Hops[^1].Received);
                Assert.Equal("10.9.1.1", trace.Source);
                Assert.Equal(NodeStamps.Kernel, trace.Hops[^1].Nodes[0].Stamps);
            }
        }
    }

    [NeedsFact(Needs)]
    public void An_open_port_gets_its_reset_through_the_tunnel_and_none_of_the_kernel_s()
    {
        var target = _line.Target(v6: false);
        using var listener = KernelLab.In(_line.Server, () =>
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(target.ToIPAddress(), 80));
            socket.Listen();
            return socket;
        });
        using var atServer = new PacketCounter(_lab, _line.Server, "input", "tcp flags & rst == rst");
        using var past = new PacketCounter(_lab, _line.Client, "output", $"ip daddr {target}");
        var (_, trace, _) = _line.Trace(ProbeProtocol.Tcp, v6: false, "-c", "3", "-i", "100ms", "--via", "gue:10.98.0.3");
        Assert.Equal(ReplyKind.SynAck, Assert.Single(trace.Hops[^1].Nodes[0].Replies).Kind);
        Assert.InRange(atServer.Packets, 3, 20);
        Assert.Equal(0, past.Packets);
    }

    [NeedsFact(Needs)]
    public void Through_two_tunnels_and_by_a_neighbour_s_MAC()
    {
        // The outer tunnel ends at hop 3, the inner one there too: what comes out of the first is routed to the second.
        var (_, trace, result) = _line.Trace(ProbeProtocol.Udp, v6: false, "-c", "1", "--via", "gue:10.98.0.3", "--via", "ipip:10.98.0.3");
        Assert.True(result.Status == 0, result.ToString());
        Assert.Equal(_line.Addresses(v6: false)[2..], trace.Addresses());
        Assert.NotNull(trace.Flows[0].OuterSourcePort);

        var refused = _line.Probe("trace", "-n", "--report", "-c", "1", "--via", "vxlan:10.98.0.3/100", _line.Target(v6: false).ToString());
        Assert.Equal(3, refused.Status);
        Assert.Contains("no neighbour entry names the MAC of 10.9.5.2: add mac=", refused.Error, StringComparison.Ordinal);
        KernelLab.Ip([$"-n {_line.Client} neigh add {_line.Target(v6: false)} lladdr 02:00:5e:00:53:01 dev east nud permanent"]);
        Assert.Equal(0, _line.Trace(ProbeProtocol.Icmp, v6: false, "-c", "1", "--via", "vxlan:10.98.0.3/100").Result.Status);
    }

    [NeedsFact(Needs | Need.Tshark)]
    public void A_capture_names_wrapped_probes_and_their_answers()
    {
        var file = Path.GetTempFileName();
        try
        {
            var (_, trace, _) = _line.Trace(ProbeProtocol.Udp, v6: false, "-c", "1", "--via", "gue:10.98.0.3", "--pcap", file);
            var comments = Shell.Run("tshark", "-r", file, "-T", "fields", "-e", "frame.comment").TrimEnd().Split('\n');
            Assert.Equal(trace.Probes!.Select(probe => $"probe {probe.Id}").Order(StringComparer.Ordinal), comments.Where(comment => comment.StartsWith("probe", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
            Assert.Contains(comments, comment => comment.StartsWith("answer to probe", StringComparison.Ordinal));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [NeedsFact(Needs, "setpriv")]
    public void Without_raw_sockets_a_tunnel_is_refused_in_one_line()
    {
        var result = _line.Run("setpriv", [.. ProbeInside.WithoutPrivilege, "trace", "-n", "--json", "--via", "gue:10.98.0.3", _line.Target(v6: false).ToString()]);
        Assert.Equal(3, result.Status);
        Assert.Contains("cannot send through a tunnel", result.Error, StringComparison.Ordinal);
        Assert.Contains("CAP_NET_RAW", result.Error, StringComparison.Ordinal);
    }

    private string Route(string address) => _line.Run("ip", "route", "get", address).MustSucceed().Output;
}
