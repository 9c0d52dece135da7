using Probe.Core.Vocabulary;
using Probe.Lab.Networks;

namespace Probe.Cli.Tests.Kernel;

/// <summary>Some cells of the bad-hop matrix against real kernel sockets: shown with type, code and MTU, and nothing behind it is lost.</summary>
public sealed class BadHopTests(FiveHops shared) : IClassFixture<FiveHops>
{
    [NeedsTheory(ProbeInside.Needs)]
    [InlineData(ProbeProtocol.Tcp, false, 3, 0, 0, 28, ReplyKind.NetworkUnreachable)]
    [InlineData(ProbeProtocol.Icmp, false, 3, 1, 0, 28, ReplyKind.HostUnreachable)]
    [InlineData(ProbeProtocol.Udp, false, 3, 3, 0, 28, ReplyKind.PortUnreachable)]
    [InlineData(ProbeProtocol.Udp, false, 3, 4, 1400, 128, ReplyKind.FragmentationNeeded)]
    [InlineData(ProbeProtocol.Tcp, false, 3, 13, 0, 1500, ReplyKind.AdminProhibited)]
    [InlineData(ProbeProtocol.Icmp, false, 4, 0, 0, 28, ReplyKind.SourceQuench)]
    [InlineData(ProbeProtocol.Tcp, false, 12, 0, 0, 28, ReplyKind.ParameterProblem)]
    [InlineData(ProbeProtocol.Tcp, true, 1, 0, 0, 48, ReplyKind.NetworkUnreachable)]
    [InlineData(ProbeProtocol.Udp, true, 1, 1, 0, 1232, ReplyKind.AdminProhibited)]
    [InlineData(ProbeProtocol.Icmp, true, 1, 3, 0, 48, ReplyKind.HostUnreachable)]
    public void A_hop_with_another_answer_is_a_hop(ProbeProtocol protocol, bool v6, byte type, byte code, int mtu, int quote, ReplyKind kind)
    {
        var line = shared.Line;
        using var bad = new BadHop(line, 2, v6, new BadAnswer { To = protocol, Type = type, Code = code, Mtu = mtu, Quote = quote });
        var (_, trace, result) = line.Trace(protocol, v6, "-c", "1");

        Assert.Equal(0, result.Status);
        Assert.Equal(line.Addresses(v6), trace.Addresses());
        var reply = Assert.Single(Assert.Single(trace.Hops[1].Nodes).Replies);
        Assert.Equal((kind, (int?)type, (int?)code), (reply.Kind, reply.Type, reply.Code));
        Assert.Equal(mtu == 0 ? null : mtu, reply.Mtu);
    }

    [NeedsTheory(ProbeInside.Needs)]
    [InlineData(ProbeProtocol.Icmp, false)]
    [InlineData(ProbeProtocol.Udp, true)]
    public void A_true_frag_needed_is_shown_with_its_mtu_and_leaves_no_trace_in_the_host(ProbeProtocol protocol, bool v6)
    {
        var line = shared.Line;
        KernelLab.Ip([$"-n {line.Router(2)} link set east mtu 1300", $"-n {line.Router(3)} link set west mtu 1300"]);
        try
        {
            var route = line.Route(v6);
            var (_, trace, result) = line.Trace(protocol, v6, "-c", "1", "-s", "1400", "-m", "3");
            Assert.Equal(1, result.Status);
            var reply = Assert.Single(Assert.Single(trace.Hops[2].Nodes).Replies);
            Assert.Equal((v6 ? ReplyKind.PacketTooBig : ReplyKind.FragmentationNeeded, 1300), (reply.Kind, reply.Mtu));
            Assert.NotEqual(true, reply.Implausible);
            Assert.Equal(LinuxLine.Hop(2, v6).ToString(), trace.Hops[2].Nodes[0].Address);
            Assert.Equal(route, line.Route(v6));
        }
        finally
        {
            KernelLab.Ip([$"-n {line.Router(2)} link set east mtu 1500", $"-n {line.Router(3)} link set west mtu 1500"]);
        }
    }
}
