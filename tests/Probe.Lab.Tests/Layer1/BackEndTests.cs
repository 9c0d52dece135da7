using System.Globalization;
using System.Text.RegularExpressions;
using Probe.Core.Packets;
using Probe.Lab.Networks;
using Probe.Lab.Simulation;

namespace Probe.Lab.Tests.Layer1;

/// <summary>Real programs against the simulated network behind a TUN device and behind a veth peer.</summary>
public sealed partial class BackEndTests
{
    private const long Ms = 1_000_000;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [NeedsFact(Need.Tun | Need.Ping | Need.Mtr | Need.Traceroute)]
    public void Ping_mtr_and_traceroute_see_the_network_behind_tun() => SeesTheNetwork((topology, name) => RealTimeNetwork.BehindTun(topology, name));

    [NeedsFact(Need.Namespaces | Need.Ping | Need.Mtr | Need.Traceroute)]
    public void Ping_mtr_and_traceroute_see_the_network_behind_veth() => SeesTheNetwork((topology, name) => RealTimeNetwork.BehindVeth(topology, name));

    [NeedsFact(Need.UserNamespace | Need.Ping | Need.Traceroute)]
    public void The_veth_end_needs_no_root_beyond_a_user_namespace()
    {
        // The runtime cannot enter a user namespace once it has threads, so a process of its own is started inside one.
        var assembly = typeof(BackEndTests).Assembly.Location;
        using var process = LabProcess.Start("unshare", ["-Urn", Environment.ProcessPath ?? "dotnet", "exec", assembly, Program.TraceInUserNamespace], input: null);
        var result = process.Wait(Limit).MustSucceed();
        Assert.Equal(Hops(Topologies.Line(3), 3), Addresses(result.Output));
    }

    [NeedsFact(Need.Tun | Need.Ping)]
    public void Delays_are_kept_and_never_shortened_behind_tun() => KeepsDelays((topology, name) => RealTimeNetwork.BehindTun(topology, name));

    [NeedsFact(Need.Namespaces | Need.Ping)]
    public void Delays_are_kept_and_never_shortened_behind_veth() => KeepsDelays((topology, name) => RealTimeNetwork.BehindVeth(topology, name));

    [NeedsFact(Need.Tun | Need.Traceroute)]
    public void The_peers_stop_at_a_hop_that_says_frag_needed_mtu_9000_to_tcp()
    {
        var topology = Topologies.Line(4).With("r2", node => node with { Rules = [AnswerRule.TooBig(9000, Protocols.Tcp)] });
        using var lab = new KernelLab();
        var name = lab.AddNamespaces(1)[0];
        using var network = RealTimeNetwork.BehindTun(topology, name);
        var traceroute = lab.Run(name, Limit, "traceroute", "-n", "-T", "-q", "1", TopologyBuilder.TargetV4.ToString()).MustSucceed().Output;
        Assert.Contains("!F-9000", traceroute, StringComparison.Ordinal);
        Assert.DoesNotContain(TopologyBuilder.TargetV4 + " ", traceroute.Split('\n', 2)[1], StringComparison.Ordinal);
        Assert.Equal(Hops(topology, 5), Addresses(lab.Run(name, Limit, "traceroute", "-n", "-U", "-q", "1", TopologyBuilder.TargetV4.ToString()).MustSucceed().Output.Split('\n', 2)[1]));
    }

    private static void SeesTheNetwork(Func<Topology, string, RealTimeNetwork> start)
    {
        var topology = Topologies.Line(4, new LinkQuality { DelayNs = Ms });
        using var lab = new KernelLab();
        var name = lab.AddNamespaces(1)[0];
        using var network = start(topology, name);
        foreach (var isV6 in new[] { false, true })
        {
            var target = (isV6 ? TopologyBuilder.TargetV6 : TopologyBuilder.TargetV4).ToString();
            var hops = Hops(topology, 5, isV6);
            Assert.Contains("3 received", lab.Run(name, Limit, "ping", "-n", "-c", "3", "-i", "0.01", target).MustSucceed().Output, StringComparison.Ordinal);
            Assert.Equal(hops, Addresses(lab.Run(name, Limit, "mtr", "-r", "-n", "-c", "1", "-G", "1", target).MustSucceed().Output.Split('\n', 3)[2]));
            foreach (var how in new[] { "-I", "-U", "-T" })
            {
                var output = lab.Run(name, Limit, "traceroute", isV6 ? "-6" : "-4", "-n", "-q", "1", how, target).MustSucceed().Output;
                Assert.Equal(hops, Addresses(output.Split('\n', 2)[1]));
            }
        }

        Assert.True(network.Read(known => known.Journal.Of(JournalKind.Delivered).Count(entry => entry.Node == "h")) >= 30);
        Assert.Equal(0, network.Refused);
    }

    private static void KeepsDelays(Func<Topology, string, RealTimeNetwork> start)
    {
        using var lab = new KernelLab();
        var name = lab.AddNamespaces(1)[0];
        using var network = start(Topologies.Line(9, new LinkQuality { DelayNs = Ms }), name);
        var output = lab.Run(name, Limit, "ping", "-n", "-c", "50", "-i", "0.02", TopologyBuilder.TargetV4.ToString()).MustSucceed().Output;
        var times = Times().Matches(output).Select(match => double.Parse(match.Groups["ms"].Value, CultureInfo.InvariantCulture)).Order().ToArray();
        Assert.Equal(50, times.Length);

        // Ten links there and ten back: 20 ms. Late is what this machine's scheduler makes it; the middle shows the network itself.
        Assert.True(times[0] >= 20, output);
        Assert.True(times[25] < 23, output);
    }

    private static string[] Hops(Topology topology, int count, bool isV6 = false)
    {
        var truth = new GroundTruth(topology);
        return [.. truth.Hops(Simulation.Probes.Udp(isV6: isV6), count).Select(hop => Assert.Single(hop.Replies).From.ToString())];
    }

    internal static string[] Addresses(string output) =>
        [.. Words().Split(output).Where(word => IpAddress.TryParse(word, out _))];

    [GeneratedRegex("time=(?<ms>[0-9.]+) ms", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Times();

    [GeneratedRegex(@"[\s()]+", RegexOptions.None, 1000)]
    private static partial Regex Words();
}
