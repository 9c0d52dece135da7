using Probe.Core.Evidence;
using Probe.Core.Packets;
using Probe.Core.Vocabulary;
using Probe.Lab.Networks;
using Probe.Lab.Simulation;

namespace Probe.Cli.Tests.Kernel;

/// <summary>
/// <c>probe mtu</c> through tunnels to real servers on real Linux: from the director itself, where the virtual address is its own, and from a client.
/// </summary>
public sealed class MtuTunnelTests : IDisposable
{
    private const Need Needs = ProbeInside.Needs | Need.Tun;

    private static readonly string s_vip = TopologyBuilder.TargetV4.ToString();

    private readonly KernelLab _lab = new();
    private LinuxTunnel? _tunnel;

    public void Dispose()
    {
        _tunnel?.Dispose();
        _lab.Dispose();
    }

    [NeedsTheory(Needs)]
    [InlineData("ipip:10.202.0.1", 20)]
    [InlineData("gre:10.202.0.1/7,csum", 32)]
    [InlineData("fou:10.202.0.1:5555", 28)]
    [InlineData("gue:10.202.0.1", 32)]
    [InlineData("gue1:10.202.0.1", 28)]
    [InlineData("vxlan:10.202.0.1/9,mac=02:00:00:00:00:01", 50)]
    public void What_fits_into_a_tunnel_is_measured_from_the_director_whose_own_address_the_service_has(string via, int overhead)
    {
        var director = Build(via, new TunnelPlan { Layers = [], OuterMtu = 1400 }, balances: false).Director;
        var cache = NarrowLine.LearnedBy(_lab, director);
        var (path, status) = Measure(director, "--via", via, s_vip);
        Assert.Equal((PathMtuVerdict.Signalled, 1400 - overhead, 1400, overhead, 0), (path.Verdict, path.Mtu, path.OuterMtu, path.Overhead, status));
        Assert.Equal((PathMtuProof.Ack, Confidence.Proved), (path.ProvedBy, path.Confidence));
        Assert.Equal((1400, 1400 - overhead, PathMtuRole.Router), (path.Signals[0].Mtu, path.Signals[0].InnerMtu, path.Signals[0].Role));
        Assert.Equal(cache, NarrowLine.LearnedBy(_lab, director));
    }

    [NeedsFact(Needs)]
    public void A_silent_limit_under_a_tunnel_is_found_to_the_octet()
    {
        const string via = "gue:10.202.0.1";
        Build(via, new TunnelPlan { Layers = [], OuterMtu = 1387 }, balances: false).SilenceTunnel();
        var (path, status) = Measure(_tunnel!.Director, "--via", via, s_vip);
        Assert.Equal((PathMtuVerdict.BlackHole, 1355, 1387, 1), (path.Verdict, path.Mtu, path.OuterMtu, status));
    }

    [NeedsTheory(Needs)]
    [InlineData("gue:10.202.0.1:6099", PathMtuReason.PortUnreachable)]
    [InlineData("ipip:10.202.0.1", PathMtuReason.ProtocolUnreachable)]
    public void A_tunnel_s_end_that_takes_nothing_is_no_verdict_about_sizes(string via, PathMtuReason reason)
    {
        Build("gue:10.202.0.1", new TunnelPlan { Layers = [] }, balances: false);
        var (path, status) = Measure(_tunnel!.Director, "--timeout", "300ms", "--via", via, s_vip);
        Assert.Equal((PathMtuVerdict.NotAnswering, (PathMtuReason?)reason, null, 4), (path.Verdict, path.Reason, path.Mtu, status));
    }

    [NeedsFact(Needs)]
    public void From_outside_the_entry_of_the_tunnel_speaks_as_the_service_itself()
    {
        Build("ipip:10.202.0.1", new TunnelPlan { Layers = [] }, balances: true);
        var (path, _) = Measure(_tunnel!.Client, "--tcp", "-p", "80", s_vip);
        // Nobody serves the port: the real server refuses.
        Assert.Equal((PathMtuVerdict.Signalled, 1480, PathMtuProof.Ack), (path.Verdict, path.Mtu, path.ProvedBy));
        var signal = path.Signals[0];
        Assert.Equal((s_vip, 1480, PathMtuRole.TunnelEntry), (signal.From, signal.Mtu, signal.Role));
    }

    [NeedsFact(Needs)]
    public void A_relay_that_forgets_part_of_the_tunnel_s_headers_is_named_by_its_arithmetic()
    {
        var relay = new DirectorSpec { Relay = DirectorRelay.OuterHeaderOnly, LearnsOuterMtu = false };
        Build("gue:10.202.0.1", new TunnelPlan { Layers = [], OuterMtu = 1400, Balancing = relay }, balances: true);
        var (path, status) = Measure(_tunnel!.Client, "--tcp", "-p", "80", s_vip);
        Assert.Equal((PathMtuVerdict.WrongSignal, 1368, 1), (path.Verdict, path.Mtu, status));
        Assert.Equal((1380, 1368, 12), path.Arithmetic is { } sum ? (sum.Claimed, sum.Found, sum.Difference) : default);
        Assert.Contains("GUE", path.Arithmetic!.Meaning, StringComparison.Ordinal);
    }

    [NeedsFact(Needs)]
    public void A_relay_that_is_missing_leaves_a_black_hole_below_what_the_entry_says()
    {
        var relay = new DirectorSpec { Relay = DirectorRelay.Missing, LearnsOuterMtu = false };
        Build("fou:10.202.0.1:5555", new TunnelPlan { Layers = [], OuterMtu = 1400, Balancing = relay }, balances: true);
        var (path, status) = Measure(_tunnel!.Client, "--tcp", "-p", "80", s_vip);
        Assert.Equal((PathMtuVerdict.BlackHole, 1372, 1), (path.Verdict, path.Mtu, status));
        Assert.Contains(path.Signals, signal => signal is { Mtu: 1472, Role: PathMtuRole.TunnelEntry });
    }

    [NeedsTheory(Needs)]
    [InlineData(0u)]
    [InlineData(68u)]
    [InlineData(9000u)]
    public void An_entry_that_names_an_impossible_MTU_is_not_believed(uint told)
    {
        Build("ipip:10.202.0.1", new TunnelPlan { Layers = [], Balancing = new DirectorSpec { ToldMtu = told } }, balances: true);
        var (path, status) = Measure(_tunnel!.Client, "--tcp", "-p", "80", s_vip);
        Assert.Equal((PathMtuVerdict.WrongSignal, 1480, 1), (path.Verdict, path.Mtu, status));
        Assert.Equal((int)told, path.Signals[0].Mtu);
    }

    [NeedsFact(Needs)]
    public void Each_real_server_has_a_row_and_the_odd_one_out_is_marked()
    {
        Build("gue:10.202.0.1", new TunnelPlan { Layers = [], Servers = 3 }, balances: false);
        KernelLab.Ip([$"-n {_tunnel!.Tunnel} link set east2 mtu 1400", $"-n {_tunnel.Server(2)} link set west mtu 1400"]);
        var file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, $"-A -t {s_vip}:80 -s wlc\n" + string.Concat(Enumerable.Range(1, 3).Select(server =>
                $"-a -t {s_vip}:80 -r {TunnelPlan.ServerAddress(server)}:80 -i -w 1 --tun-type gue --tun-port 6080 --tun-nocsum\n")));
            string[] options = ["mtu", "-n", "--flows", "0", "--targets-from", "ipvs:" + file, "--each-real"];
            var paths = ProbeInside.Read(_lab.Run(_tunnel.Director, ProbeInside.Limit, ProbeInside.Program, [.. options, "--json"])).PathMtus!;
            Assert.Equal([1468, 1368, 1468], paths.Select(path => path.Mtu));
            Assert.Equal(Enumerable.Range(1, 3).Select(server => TunnelPlan.ServerAddress(server).ToString()), paths.Select(path => path.Real));

            var said = _lab.Run(_tunnel.Director, ProbeInside.Limit, ProbeInside.Program, options).Output.Split('\n');
            var marked = Assert.Single(said, line => line.Contains("differs", StringComparison.Ordinal));
            Assert.Contains("10.202.0.2", marked, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(file);
        }
    }

    private LinuxTunnel Build(string via, TunnelPlan plan, bool balances)
    {
        Assert.True(EncapsulationText.TryParse(via, out var layer, out var error), error);
        return _tunnel = LinuxTunnel.Build(_lab, plan with { Layers = [layer] }, balances);
    }

    private (PathMtuEvidence Path, int Status) Measure(string from, params string[] arguments)
    {
        var result = _lab.Run(from, ProbeInside.Limit, ProbeInside.Program, ["mtu", "-n", "--json", "--flows", "0", .. arguments]);
        return (Assert.Single(ProbeInside.Read(result).PathMtus!), result.Status);
    }
}
