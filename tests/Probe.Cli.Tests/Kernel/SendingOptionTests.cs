using Probe.Core.Vocabulary;
using Probe.Lab.Instruments;
using Probe.Lab.Networks;

namespace Probe.Cli.Tests.Kernel;

/// <summary>Options that shape what is sent, seen on the wire.</summary>
public sealed class SendingOptionTests(FiveHops shared) : IClassFixture<FiveHops>
{
    [NeedsTheory(ProbeInside.Needs)]
    [MemberData(nameof(ProbeInside.Cases), MemberType = typeof(ProbeInside))]
    public void Mark_and_dscp_are_on_every_probe(ProbeProtocol protocol, bool v6)
    {
        var line = shared.Line;
        var family = v6 ? "ip6" : "ip";
        using var all = line.CountProbes(v6);
        using var marked = new PacketCounter(line.Lab, line.Client, "postrouting", $"{family} daddr {line.Target(v6)} meta mark 0x2a");
        using var coloured = new PacketCounter(line.Lab, line.Router(1), "prerouting", $"{family} daddr {line.Target(v6)} {family} dscp 46");
        var (_, trace, result) = line.Trace(protocol, v6, "-c", "1", "--mark", "42", "--dscp", "ef");
        Assert.Equal(0, result.Status);
        Assert.Equal(line.Addresses(v6), trace.Addresses());
        Assert.InRange(all.Packets, 5, 12);
        Assert.Equal((all.Packets, all.Packets), (marked.Packets, coloured.Packets));
    }

    [NeedsTheory(ProbeInside.Needs)]
    [MemberData(nameof(ProbeInside.Cases), MemberType = typeof(ProbeInside))]
    public void Source_is_the_address_given(ProbeProtocol protocol, bool v6)
    {
        var line = shared.Line;
        var (family, address, prefix) = v6 ? ("ip6", "fd09:1::99", "64") : ("ip", "10.9.1.99", "24");
        var change = $"-n {line.Client} addr {{0}} {address}/{prefix} dev east{(v6 ? " nodad" : "")}";
        KernelLab.Ip([change.Replace("{0}", "add", StringComparison.Ordinal)]);
        try
        {
            // The router must not have to ask for it: the first answer would come late.
            using var all = line.CountProbes(v6);
            using var own = new PacketCounter(line.Lab, line.Router(1), "prerouting", $"{family} saddr {address} {family} daddr {line.Target(v6)}");
            var (_, trace, result) = line.Trace(protocol, v6, "-c", "1", "--source", address);
            Assert.Equal((0, address), (result.Status, trace.Source));
            Assert.Equal(line.Addresses(v6), trace.Addresses());
            Assert.Equal(all.Packets, own.Packets);
        }
        finally
        {
            KernelLab.Ip([change.Replace("{0}", "del", StringComparison.Ordinal).Replace(" nodad", "", StringComparison.Ordinal)]);
        }
    }

    [NeedsFact(ProbeInside.Needs)]
    public void Interface_wins_over_the_routes_choice()
    {
        var line = shared.Line;
        KernelLab.Ip([$"link add side netns {line.Client} type veth peer name side netns {line.Router(1)}"]);
        KernelLab.Ip(
        [
            $"-n {line.Client} addr add 10.10.0.1/24 dev side", $"-n {line.Client} link set side up",
            $"-n {line.Router(1)} addr add 10.10.0.2/24 dev side", $"-n {line.Router(1)} link set side up",
            $"-n {line.Client} route add default via 10.10.0.2 dev side metric 100",
        ]);
        try
        {
            using var all = line.CountProbes(v6: false);
            using var aside = new PacketCounter(line.Lab, line.Client, "postrouting", $"ip daddr {line.Target(v6: false)} oifname \"side\"");
            var (_, trace, result) = line.Trace(ProbeProtocol.Udp, v6: false, "-c", "1", "-m", "1", "--interface", "side", "--allow-unreached");
            Assert.Equal((0, "10.10.0.1"), (result.Status, trace.Source));
            Assert.Equal(["10.10.0.2"], trace.Addresses());
            Assert.Equal((1, 1), (all.Packets, aside.Packets));
        }
        finally
        {
            KernelLab.Ip([$"-n {line.Client} link del side"]);
        }
    }
}
