using Probe.Core.Evidence;
using Probe.Core.Packets;
using Probe.Core.Vocabulary;
using Probe.Lab.Networks;

namespace Probe.Cli.Tests.Kernel;

/// <summary>A trace by a process without any capability: everything its sockets can show, and said what they cannot.</summary>
public sealed class UnprivilegedTests(NineHops shared) : IClassFixture<NineHops>
{
    private LinuxLine Line => shared.Line;

    [NeedsTheory(ProbeInside.Needs)]
    [MemberData(nameof(ProbeInside.Cases), MemberType = typeof(ProbeInside))]
    public void Every_hop_is_found_without_a_capability(ProbeProtocol protocol, bool v6)
    {
        AllowIcmpSockets();
        var route = Line.Route(v6);
        using var counter = Line.CountProbes(v6);
        var (bundle, trace, result) = Trace(protocol, v6, "-c", "3", "-i", "200ms");

        Assert.True(result.Status == 0, result.ToString());
        Assert.Equal("", result.Error);
        Assert.Equal(TraceMode.Unprivileged, trace.Mode);
        Assert.Empty(bundle.Host!.Capabilities!);
        Assert.Equal(Line.Addresses(v6), trace.Addresses());
        Assert.Equal((true, 9), (trace.Reached, trace.ReachedTtl));
        Assert.All(trace.Hops, hop => Assert.Equal((3, 3, 0.0, 0.0), (hop.Sent, hop.Received, hop.Loss, hop.RateLimited)));
        Assert.All(trace.Hops, hop => Assert.InRange(Assert.Single(hop.Nodes).RttNs!.Min, 1_000, 500_000_000));
        Assert.All(trace.Hops, hop => Assert.Null(hop.Nodes[0].Quoted));
        Assert.Equal(counter.Packets, trace.Probes!.Count);
        Assert.Equal(0, trace.LocalLost);
        Assert.Equal(route, Line.Route(v6));
        var gap = Assert.Single(bundle.Gaps!);
        Assert.Equal("unprivileged mode", gap.What);
        Assert.Contains("setcap cap_net_raw+ep", gap.Why, StringComparison.Ordinal);
        if (protocol != ProbeProtocol.Tcp)
        {
            // A connect has no transmit stamp; datagrams have both.
            Assert.All(trace.Hops, hop => Assert.Equal(NodeStamps.Kernel, hop.Nodes[0].Stamps));
        }
    }

    [NeedsTheory(ProbeInside.Needs)]
    [InlineData(ProbeProtocol.Udp, false, 3, 1, 0, 128, ReplyKind.HostUnreachable)]
    [InlineData(ProbeProtocol.Udp, false, 3, 13, 0, 28, ReplyKind.AdminProhibited)]
    [InlineData(ProbeProtocol.Udp, false, 3, 4, 9000, 28, ReplyKind.FragmentationNeeded)]
    [InlineData(ProbeProtocol.Udp, false, 3, 4, 0, 128, ReplyKind.FragmentationNeeded)]
    [InlineData(ProbeProtocol.Icmp, false, 3, 4, 0, 28, ReplyKind.FragmentationNeeded)]
    [InlineData(ProbeProtocol.Icmp, false, 3, 2, 0, 28, ReplyKind.ProtocolUnreachable)]
    [InlineData(ProbeProtocol.Tcp, false, 3, 1, 0, 28, ReplyKind.HostUnreachable)]
    [InlineData(ProbeProtocol.Tcp, false, 3, 13, 0, 1500, ReplyKind.AdminProhibited)]
    [InlineData(ProbeProtocol.Udp, true, 1, 1, 0, 1232, ReplyKind.AdminProhibited)]
    [InlineData(ProbeProtocol.Icmp, true, 1, 3, 0, 48, ReplyKind.HostUnreachable)]
    [InlineData(ProbeProtocol.Tcp, true, 1, 0, 0, 48, ReplyKind.NetworkUnreachable)]
    public void A_hop_that_says_something_else_ends_nothing(ProbeProtocol protocol, bool v6, byte type, byte code, int mtu, int quote, ReplyKind kind)
    {
        AllowIcmpSockets();
        using var bad = new BadHop(Line, 3, v6, new BadAnswer { To = protocol, Type = type, Code = code, Mtu = mtu, Quote = quote });
        var route = Line.Route(v6);
        var (_, trace, result) = Trace(protocol, v6, "-c", "2", "-i", "200ms");

        Assert.True(result.Status == 0, result.ToString());
        Assert.Equal(Line.Addresses(v6), trace.Addresses());
        var reply = Assert.Single(Assert.Single(trace.Hops[2].Nodes).Replies);
        Assert.Equal((kind, (int?)type, (int?)code, 2), (reply.Kind, reply.Type, reply.Code, reply.Count));
        Assert.Equal(kind == ReplyKind.FragmentationNeeded ? mtu : null, reply.Mtu);
        Assert.Equal(kind == ReplyKind.FragmentationNeeded ? true : null, reply.Implausible);
        Assert.All(trace.Hops, hop => Assert.Equal((2, 2), (hop.Sent, hop.Received)));
        Assert.Equal(route, Line.Route(v6));
    }

    [NeedsFact(ProbeInside.Needs)]
    public void What_a_connect_teaches_the_route_cache_is_told_with_its_expiry()
    {
        using var bad = new BadHop(Line, 2, v6: false, new BadAnswer { To = ProbeProtocol.Tcp, Type = IcmpType.DestinationUnreachable, Code = IcmpType.FragmentationNeededCode });
        try
        {
            var (bundle, trace, result) = Trace(ProbeProtocol.Tcp, v6: false, "-c", "1");
            Assert.True(result.Status == 0, result.ToString());

            // The socket is not told who said so: the hop is silent, the ones behind it are not.
            Assert.Empty(trace.Hops[1].Nodes);
            Assert.Equal(Line.Addresses(v6: false)[2..], trace.Addresses()[2..]);
            Assert.Equal((1.0, 0.0), (trace.Hops[1].RateLimited, trace.Hops[1].Loss));
            var gap = Assert.Single(bundle.Gaps!, gap => gap.What == "route cache");
            Assert.Contains("path MTU 552 (locked)", gap.Why, StringComparison.Ordinal);
            Assert.Contains("expires in", gap.Why, StringComparison.Ordinal);
            Assert.Contains("mtu lock 552", Line.Route(v6: false), StringComparison.Ordinal);
        }
        finally
        {
            Line.Run("ip", "route", "flush", "cache").MustSucceed();
        }
    }

    [NeedsTheory(ProbeInside.Needs)]
    [InlineData(ProbeProtocol.Udp)]
    [InlineData(ProbeProtocol.Tcp)]
    public void Packet_too_big_is_neither_seen_nor_learned(ProbeProtocol protocol)
    {
        using var bad = new BadHop(Line, 2, v6: true, new BadAnswer { To = protocol, Type = IcmpType.PacketTooBigV6, Code = 0, Mtu = 1280, Quote = 1232 });
        var route = Line.Route(v6: true);
        var (bundle, trace, result) = Trace(protocol, v6: true, "-c", "1");
        Assert.True(result.Status == 0, result.ToString());
        Assert.Empty(trace.Hops[1].Nodes);
        Assert.Equal(Line.Addresses(v6: true)[2..], trace.Addresses()[2..]);
        Assert.Equal(route, Line.Route(v6: true));
        Assert.Contains("Packet Too Big", Assert.Single(bundle.Gaps!).Why, StringComparison.Ordinal);
    }

    [NeedsFact(ProbeInside.Needs)]
    public void An_echo_over_IPv6_teaches_the_route_cache_which_is_told()
    {
        AllowIcmpSockets();
        using var bad = new BadHop(Line, 2, v6: true, new BadAnswer { To = ProbeProtocol.Icmp, Type = IcmpType.PacketTooBigV6, Code = 0, Mtu = 1280, Quote = 1232 });
        try
        {
            var (bundle, trace, result) = Trace(ProbeProtocol.Icmp, v6: true, "-c", "1");
            Assert.True(result.Status == 0, result.ToString());
            Assert.Equal(Line.Addresses(v6: true), trace.Addresses());
            var reply = Assert.Single(Assert.Single(trace.Hops[1].Nodes).Replies);
            Assert.Equal((ReplyKind.PacketTooBig, 1280, true), (reply.Kind, reply.Mtu, reply.Implausible));
            Assert.Contains("expires in", Assert.Single(bundle.Gaps!, gap => gap.What == "route cache").Why, StringComparison.Ordinal);
        }
        finally
        {
            Line.Run("ip", "-6", "route", "flush", "cache").MustSucceed();
        }
    }

    [NeedsTheory(ProbeInside.Needs)]
    [MemberData(nameof(ProbeInside.Cases), MemberType = typeof(ProbeInside))]
    public void Several_flows_each_keep_their_ports_and_find_the_whole_path(ProbeProtocol protocol, bool v6)
    {
        AllowIcmpSockets();
        var (_, trace, result) = Trace(protocol, v6, "--flows", "4", "-c", "2", "-i", "200ms", "--dscp", "ef", "--interface", "east", "--source", LinuxLine.ClientAddress(v6).ToString());
        Assert.True(result.Status == 0, result.ToString());
        Assert.Equal(Line.Addresses(v6), trace.Addresses());
        Assert.All(trace.Hops, hop => Assert.Equal((8, 8), (hop.Sent, hop.Received)));
        Assert.Equal(4, trace.Flows.Select(flow => (flow.SourcePort, flow.IcmpChecksum)).Distinct().Count());
    }

    [NeedsFact(ProbeInside.Needs)]
    public void Root_may_ask_for_it_and_the_table_says_so()
    {
        var result = Line.Probe("trace", "-n", "--udp", "--unprivileged", "-c", "1", Line.Target(v6: false).ToString());
        Assert.Equal((0, ""), (result.Status, result.Error));
        Assert.Contains("Unprivileged mode (UDP sockets)", result.Output, StringComparison.Ordinal);
        Assert.Contains("Note: unprivileged mode: ", result.Output, StringComparison.Ordinal);
        Assert.Contains("Reached in 9 hops.", result.Output, StringComparison.Ordinal);
        Assert.All(Line.Addresses(v6: false), address => Assert.Contains($" {address} ", result.Output, StringComparison.Ordinal));
    }

    [NeedsTheory(ProbeInside.Needs)]
    [InlineData(false)]
    [InlineData(true)]
    public void Where_no_group_may_open_icmp_sockets_the_error_names_the_ways_out(bool v6)
    {
        KernelLab.Sysctl(Line.Client, ("net.ipv4.ping_group_range", "1 0"));
        using var counter = Line.CountProbes(v6);
        var result = Run("trace", "-n", Line.Target(v6).ToString());
        Assert.True(result.Status == 3, result.ToString());
        Assert.Equal("", result.Output);
        var line = Assert.Single(result.ErrorLines);
        Assert.All(["ICMP socket", "EACCES", "CAP_NET_RAW", "--udp", "net.ipv4.ping_group_range"], word => Assert.Contains(word, line, StringComparison.Ordinal));
        Assert.Equal(0, counter.Packets);
    }

    [NeedsFact(ProbeInside.Needs)]
    public void A_capture_that_cannot_be_had_is_told_and_the_trace_goes_on()
    {
        var file = Path.Combine(Path.GetTempPath(), $"probe-{Guid.NewGuid():N}.pcapng");
        var (bundle, trace, result) = Trace(ProbeProtocol.Udp, v6: false, "-c", "1", "--pcap", file);
        Assert.True(result.Status == 4, result.ToString());
        Assert.True(trace.Reached);
        Assert.Contains(file, Assert.Single(bundle.Gaps!, gap => gap.What == "capture").Why, StringComparison.Ordinal);
        Assert.False(File.Exists(file));
    }

    [NeedsTheory(ProbeInside.Needs)]
    [InlineData("CAP_NET_ADMIN", "--udp", "--mark", "7")]
    [InlineData("--size", "--tcp", "--size", "100")]
    public void What_needs_a_privilege_is_refused_before_anything_is_sent(string named, params string[] arguments)
    {
        using var counter = Line.CountProbes(v6: false);
        var result = Run(["trace", "-n", .. arguments, Line.Target(v6: false).ToString()]);
        Assert.True(result.Status == 3, result.ToString());
        Assert.Contains(named, Assert.Single(result.ErrorLines), StringComparison.Ordinal);
        Assert.Equal(0, counter.Packets);
    }

    private void AllowIcmpSockets() => KernelLab.Sysctl(Line.Client, ("net.ipv4.ping_group_range", "0 2147483647"));

    private (Bundle Bundle, TraceEvidence Trace, LabResult Result) Trace(ProbeProtocol protocol, bool v6, params string[] more)
    {
        var result = Run(["trace", "-n", "--json", ProbeInside.Option(protocol), .. more, Line.Target(v6).ToString()]);
        var bundle = ProbeInside.Read(result);
        return (bundle, Assert.Single(bundle.Traces!), result);
    }

    private LabResult Run(params string[] arguments) => Line.Run("setpriv", [.. ProbeInside.WithoutPrivilege, .. arguments]);
}
