using Probe.Core.Evidence;
using Probe.Core.Packets;
using Probe.Core.Vocabulary;
using Probe.Lab.Networks;

namespace Probe.Cli.Tests.Kernel;

/// <summary>
/// A first hop that answers frag-needed where time-exceeded belongs: the whole path is shown, the liar is marked, the host's route cache
/// stays as it was. The peers stop at the liar.
/// </summary>
public sealed class LyingHopTests(FiveHops shared) : IClassFixture<FiveHops>
{
    private LinuxLine Line => shared.Line;

    [NeedsTheory(ProbeInside.Needs)]
    [InlineData(ProbeProtocol.Tcp, 9000)]
    [InlineData(ProbeProtocol.Tcp, 0)]
    [InlineData(ProbeProtocol.Icmp, 9000)]
    [InlineData(ProbeProtocol.Icmp, 0)]
    [InlineData(ProbeProtocol.Udp, 9000)]
    [InlineData(ProbeProtocol.Udp, 0)]
    public void Frag_needed_about_a_small_probe_ends_nothing(ProbeProtocol protocol, int mtu)
    {
        using var lie = new BadHop(Line, 1, v6: false, Lie(protocol, mtu));
        var route = Line.Route(v6: false);
        var (bundle, trace, result) = Line.Trace(protocol, v6: false, "-c", "2", "-i", "100ms");

        Assert.Equal(0, result.Status);
        AssertLiarAndWholePath(trace, v6: false, ReplyKind.FragmentationNeeded, mtu);
        Assert.Equal(route, Line.Route(v6: false));
        Assert.Null(bundle.Gaps);
    }

    [NeedsTheory(ProbeInside.Needs)]
    [InlineData(ProbeProtocol.Tcp, 9000)]
    [InlineData(ProbeProtocol.Udp, 1280)]
    [InlineData(ProbeProtocol.Icmp, 9000)]
    [InlineData(ProbeProtocol.Icmp, 1280)]
    [InlineData(ProbeProtocol.Icmp, 0)]
    public void Packet_too_big_about_a_small_probe_ends_nothing(ProbeProtocol protocol, int mtu)
    {
        using var lie = new BadHop(Line, 1, v6: true, Lie(protocol, mtu) with { Type = IcmpType.PacketTooBigV6, Code = 0, Quote = 1232 });
        var route = Line.Route(v6: true);
        var (bundle, trace, result) = Line.Trace(protocol, v6: true, "-c", "2", "-i", "100ms");

        Assert.Equal(0, result.Status);
        AssertLiarAndWholePath(trace, v6: true, ReplyKind.PacketTooBig, mtu);
        Assert.Equal(route, Line.Route(v6: true));
        if (protocol == ProbeProtocol.Icmp && mtu == 1280)
        {
            // The kernel learns from a quoted ICMPv6 echo whatever a socket asks: our own exception is taken back and told.
            Assert.Contains("removed", Assert.Single(bundle.Gaps!, gap => gap.What == "route cache").Why, StringComparison.Ordinal);
        }
        else
        {
            Assert.Null(bundle.Gaps);
        }
    }

    [NeedsFact(ProbeInside.Needs)]
    public void The_table_names_the_liar()
    {
        using var lie = new BadHop(Line, 1, v6: false, Lie(ProbeProtocol.Tcp, 9000));
        var result = Line.Probe("trace", "-n", "--tcp", "-c", "1", Line.Target(v6: false).ToString());
        Assert.Equal((0, ""), (result.Status, result.Error));
        var first = result.Output.Split('\n').Single(line => line.Contains("10.9.1.2 ", StringComparison.Ordinal));
        Assert.Contains("!F9000 implausible", first, StringComparison.Ordinal);
        Assert.Contains("Reached in 5 hops.", result.Output, StringComparison.Ordinal);
    }

    [NeedsFact(ProbeInside.Needs)]
    public void The_kernels_own_reject_with_mtu_0_is_shown_as_it_is()
    {
        // nft verifies the TCP checksum before it rejects: a probe with a wrong one would draw nothing.
        KernelLab.Nft(Line.Router(1), """
            table ip reject_hop {
              chain pre {
                type filter hook prerouting priority 0; policy accept;
                ip ttl 1 meta l4proto tcp reject with icmp type frag-needed
              }
            }
            """);
        try
        {
            var route = Line.Route(v6: false);
            var (_, trace, result) = Line.Trace(ProbeProtocol.Tcp, v6: false, "-c", "2", "-i", "100ms");
            Assert.Equal(0, result.Status);
            AssertLiarAndWholePath(trace, v6: false, ReplyKind.FragmentationNeeded, mtu: 0);
            Assert.Equal(route, Line.Route(v6: false));
        }
        finally
        {
            KernelLab.Nft(Line.Router(1), "delete table ip reject_hop");
        }
    }

    [NeedsTheory(ProbeInside.Needs | Need.Mtr | Need.Traceroute | Need.Scamper)]
    [InlineData(9000)]
    [InlineData(0)]
    public void The_peers_stop_at_the_liar(int mtu)
    {
        using var lie = new BadHop(Line, 1, v6: false, Lie(ProbeProtocol.Tcp, mtu));
        var target = Line.Target(v6: false).ToString();
        var mtr = Line.Run("mtr", "-T", "-r", "-n", "-c", "2", "-i", "0.2", "-G", "0.2", target);
        Assert.Equal(0, mtr.Status);
        Assert.Equal(["10.9.1.2"], Seen(mtr));

        var traceroute = Line.Run("traceroute", "-T", "-n", "-q", "1", target);
        Assert.Equal(0, traceroute.Status);
        Assert.Equal(["10.9.1.2"], Seen(traceroute));
        Assert.Contains($"!F-{mtu}", traceroute.Output, StringComparison.Ordinal);

        var scamper = Line.Run("scamper", "-I", $"trace -P tcp {target}");
        Assert.Equal(["10.9.1.2"], Seen(scamper));
        Assert.Contains("!F", scamper.Output, StringComparison.Ordinal);

        // And with mtu 0 they leave the host a locked path MTU for ten minutes.
        Assert.Equal(mtu == 0, Line.Route(v6: false).Contains("mtu lock 552", StringComparison.Ordinal));
        Line.Run("ip", "route", "flush", "cache").MustSucceed();
    }

    internal static BadAnswer Lie(ProbeProtocol protocol, int mtu) =>
        new() { To = protocol, Type = IcmpType.DestinationUnreachable, Code = IcmpType.FragmentationNeededCode, Mtu = mtu };

    private void AssertLiarAndWholePath(TraceEvidence trace, bool v6, ReplyKind kind, int mtu)
    {
        Assert.Equal(Line.Addresses(v6), trace.Addresses());
        Assert.True(trace.Reached);
        var reply = Assert.Single(Assert.Single(trace.Hops[0].Nodes).Replies);
        Assert.Equal((kind, mtu, true), (reply.Kind, reply.Mtu, reply.Implausible));
        Assert.All(trace.Hops.Skip(1).SkipLast(1), hop => Assert.Equal(ReplyKind.TimeExceeded, Assert.Single(Assert.Single(hop.Nodes).Replies).Kind));
        Assert.All(trace.Hops, hop => Assert.Equal(0, hop.Loss));
    }

    private string[] Seen(LabResult result) =>
        [.. Line.Addresses(v6: false).Where(address => result.Output.Split('\n').Any(line => IsHopLine(line) && line.Contains(address, StringComparison.Ordinal)))];

    // Headings name the target, which is no hop that was seen.
    private static bool IsHopLine(string line) => line.TrimStart().Length > 0 && char.IsDigit(line.TrimStart()[0]);
}
