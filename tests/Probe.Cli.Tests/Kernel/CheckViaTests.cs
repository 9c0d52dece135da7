using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Probe.Core.Capture;
using Probe.Core.Evidence;
using Probe.Core.Packets;
using Probe.Core.Vocabulary;
using Probe.Lab.Networks;
using Probe.Lab.Simulation;

namespace Probe.Cli.Tests.Kernel;

/// <summary>Checks of one real server behind a virtual address, through its tunnel: real Linux at both ends, the answer straight back.</summary>
public sealed class CheckViaTests : IDisposable
{
    private const Need Needs = ProbeInside.Needs | Need.Tun;

    private readonly KernelLab _lab = new();
    private LinuxTunnel? _net;

    public void Dispose()
    {
        _net?.Dispose();
        _lab.Dispose();
    }

    [NeedsTheory(Needs)]
    [InlineData("ipip", false, false)]
    [InlineData("gue", false, false)]
    [InlineData("gre", true, false)]
    [InlineData("gue", true, false)]
    [InlineData("ipip", false, true)]
    [InlineData("gue", true, true)]
    public void The_wire_sees_SYN_and_RST_in_the_tunnel_a_direct_SYN_ACK_and_nothing_else(string tunnel, bool v6, bool onDirector)
    {
        var layer = Layer(tunnel, v6);
        _net = LinuxTunnel.Build(_lab, new TunnelPlan { Layers = [layer] }, balances: !onDirector);
        using var listener = new CheckedListener(_net.Server(1));
        var checker = onDirector ? _net.Director : _net.Client;
        var wire = new Wire(layer);
        using var capture = KernelLab.In(checker, () => new PacketCapture(CaptureFilter.All));
        var routes = Routes(checker, v6);
        var result = _lab.Run(checker, ProbeInside.Limit, ProbeInside.Program, "check", "--json", "--via", EncapsulationText.Of(layer), "--timeout", "3s", v6 ? $"[{Virtual(v6)}]:80" : $"{Virtual(v6)}:80");

        // Long enough for a SYN-ACK that would be sent again.
        var end = Environment.TickCount64 + 1_300;
        while (Environment.TickCount64 < end)
        {
            capture.Read(100_000_000, wire);
        }

        Assert.Equal(0, result.Status);
        var check = Assert.Single(ProbeInside.Read(result).Checks!);
        Assert.Equal((CheckVerdict.Up, CheckEngineKind.Raw, EncapsulationText.Of(layer)), (check.Verdict, check.Engine, Assert.Single(check.Via)));
        Assert.NotNull(check.RttNs);
        Assert.Equal(["> tunnel Syn", "< direct Syn, Ack", "> tunnel Rst"], wire.Seen);
        Assert.Equal(0, listener.Accepted);
        Assert.Equal(routes, Routes(checker, v6));
        Assert.DoesNotContain("SYN-RECV", _lab.Run(_net.Server(1), ProbeInside.Limit, "ss", "-tna").Output, StringComparison.Ordinal);
    }

    [NeedsTheory(Needs)]
    [InlineData("ipip", false)]
    [InlineData("gue", true)]
    public void An_echo_request_asks_the_real_server_behind_the_virtual_address(string tunnel, bool v6)
    {
        var layer = Layer(tunnel, v6);
        _net = LinuxTunnel.Build(_lab, new TunnelPlan { Layers = [layer] });
        string[] check = ["check", "--icmp", "--json", "--via", EncapsulationText.Of(layer), "--timeout", "1s", $"{Virtual(v6)}"];
        var up = _lab.Run(_net.Client, ProbeInside.Limit, ProbeInside.Program, check);
        Assert.True(up.Status == 0, up.ToString());
        var answered = Assert.Single(ProbeInside.Read(up).Checks!);
        Assert.Equal((CheckVerdict.Up, CheckKind.Icmp, CheckEngineKind.Raw, null), (answered.Verdict, answered.Kind, answered.Engine, answered.Port));
        Assert.NotNull(answered.RttNs);

        KernelLab.Nft(_net.Server(1), "table inet dead { chain c { type filter hook input priority 0; icmp type echo-request drop; icmpv6 type echo-request drop; }; }");
        var down = _lab.Run(_net.Client, ProbeInside.Limit, ProbeInside.Program, check);
        Assert.Equal((1, CheckVerdict.NoAnswer), (down.Status, Assert.Single(ProbeInside.Read(down).Checks!).Verdict));
    }

    [NeedsTheory(Needs)]
    [InlineData("ipip", false, false)]
    [InlineData("gue", true, false)]
    [InlineData("ipip", true, true)]
    [InlineData("gue", false, true)]
    public void A_datagram_asks_the_real_server_behind_the_virtual_address(string tunnel, bool v6, bool onDirector)
    {
        const string Reject = "table inet dead { chain c { type filter hook input priority 0; udp dport 80 reject; }; }";
        const string Drop = "table inet dead { chain c { type filter hook input priority 0; udp dport 80 drop; }; }";

        // A resolver of ours answers under the virtual address, with more octets than are asked for.
        var layer = Layer(tunnel, v6);
        _net = LinuxTunnel.Build(_lab, new TunnelPlan { Layers = [layer] }, balances: !onDirector);
        using var responder = new Responder(_net.Server(1), Virtual(v6));
        var checker = onDirector ? _net.Director : _net.Client;
        var routes = Routes(checker, v6);
        var (up, check) = Check("--send", "ping", "--expect", "ping pong");
        Assert.Equal((0, CheckVerdict.Up, CheckKind.Udp, CheckEngineKind.Raw, 80, EncapsulationText.Of(layer)),
            (up, check.Verdict, check.Kind, check.Engine, check.Port, Assert.Single(check.Via)));
        Assert.NotNull(check.RttNs);
        Assert.Equal((1, CheckVerdict.Mismatch), Verdict(Check("--send", "ping", "--expect", "pang")));
        Assert.Equal(["ping", "ping"], responder.Received);

        KernelLab.Nft(_net.Server(1), Reject);
        (var unreachable, check) = Check("--send", "ping");
        Assert.Equal((1, CheckVerdict.Unreachable, $"{Virtual(v6)}", v6 ? (1, 4) : (3, 3)),
            (unreachable, check.Verdict, check.Icmp!.From, (check.Icmp.Type, check.Icmp.Code)));

        KernelLab.Nft(_net.Server(1), "delete table inet dead");
        KernelLab.Nft(_net.Server(1), Drop);
        Assert.Equal((1, CheckVerdict.NoAnswer), Verdict(Check("--send", "ping")));
        (var silent, check) = Check("--send", "ping", "--allow-silence");
        Assert.Equal((0, CheckVerdict.Up, CheckReasonKind.Silent), (silent, check.Verdict, check.Reason!.Value.Kind));
        Assert.Equal(routes, Routes(checker, v6));

        (int Status, CheckEvidence Check) Check(params string[] how)
        {
            var ended = _lab.Run(checker, ProbeInside.Limit, ProbeInside.Program, ["check", "--udp", "--json", "--timeout", "1s", "--via", EncapsulationText.Of(layer),
                .. how, v6 ? $"[{Virtual(v6)}]:80" : $"{Virtual(v6)}:80"]);
            return (ended.Status, Assert.Single(ProbeInside.Read(ended).Checks!));
        }

        static (int, CheckVerdict) Verdict((int Status, CheckEvidence Check) of) => (of.Status, of.Check.Verdict);
    }

    [NeedsTheory(Needs)]
    [InlineData(false)]
    [InlineData(true)]
    public void Of_two_servers_of_datagrams_behind_one_address_exactly_the_dead_one_is_down(bool onDirector)
    {
        _net = LinuxTunnel.Build(_lab, new TunnelPlan { Layers = [Layer("gue", v6: false)], Servers = 2 }, balances: !onDirector);
        using var first = new Responder(_net.Server(1), Virtual(v6: false));
        using var folder = new TemporaryFolder();
        var file = Path.Combine(folder.Path, "ipvs");
        var (vip, one, two) = (Virtual(v6: false), TunnelPlan.ServerAddress(1), TunnelPlan.ServerAddress(2));
        File.WriteAllText(file, $"""
            -A -u {vip}:80 -s wlc
            -a -u {vip}:80 -r {one}:80 -i -w 100 --tun-type gue --tun-port 6080 --tun-nocsum
            -a -u {vip}:80 -r {two}:80 -i -w 100 --tun-type gue --tun-port 6080 --tun-nocsum

            """);
        KernelLab.Nft(_net.Server(2), "table inet dead { chain c { type filter hook input priority 0; udp dport 80 drop; }; }");
        var result = _lab.Run(onDirector ? _net.Director : _net.Client, ProbeInside.Limit, ProbeInside.Program, "check", "--udp", "--send", "ping", "--json", "--targets-from",
            "ipvs:" + file, "--timeout", "500ms", "-c", "3", "-i", "50ms");

        Assert.Equal(1, result.Status);
        Assert.Equal([$"{one} Up", $"{one} Up", $"{one} Up", $"{two} NoAnswer", $"{two} NoAnswer", $"{two} NoAnswer"],
            ProbeInside.Read(result).Checks!.OrderBy(one => one.Real, StringComparer.Ordinal).Select(one => $"{one.Real} {one.Verdict}"));
    }

    [NeedsTheory(Needs)]
    [InlineData(false)]
    [InlineData(true)]
    public void Of_two_servers_behind_one_address_exactly_the_dead_one_is_down(bool onDirector)
    {
        _net = LinuxTunnel.Build(_lab, new TunnelPlan { Layers = [Layer("gue", v6: false)], Servers = 2 }, balances: !onDirector);
        using var first = new CheckedListener(_net.Server(1));
        using var second = new CheckedListener(_net.Server(2));
        KernelLab.Nft(_net.Server(2), "table inet dead { chain c { type filter hook input priority 0; tcp dport 80 drop; }; }");
        using var folder = new TemporaryFolder();
        var file = Path.Combine(folder.Path, "ipvs");
        var (vip, one, two) = (Virtual(v6: false), TunnelPlan.ServerAddress(1), TunnelPlan.ServerAddress(2));
        File.WriteAllText(file, $"""
            -A -t {vip}:80 -s wlc
            -a -t {vip}:80 -r {one}:80 -i -w 100 --tun-type gue --tun-port 6080 --tun-nocsum
            -a -t {vip}:80 -r {two}:80 -i -w 0 --tun-type gue --tun-port 6080 --tun-nocsum

            """);
        var checker = onDirector ? _net.Director : _net.Client;
        string[] check = ["check", "--targets-from", "ipvs:" + file, "--timeout", "500ms", "-c", "3", "-i", "50ms"];
        var result = _lab.Run(checker, ProbeInside.Limit, ProbeInside.Program, [.. check, "--json"]);

        Assert.Equal(1, result.Status);
        var checks = ProbeInside.Read(result).Checks!;
        Assert.Equal([$"{one} Up 100", $"{one} Up 100", $"{one} Up 100", $"{two} NoAnswer 0", $"{two} NoAnswer 0", $"{two} NoAnswer 0"],
            checks.OrderBy(one => one.Real, StringComparer.Ordinal).Select(one => $"{one.Real} {one.Verdict} {one.Weight}"));
        Assert.All(checks, one => Assert.Equal(($"{vip}:80", $"{vip}", $"gue:{one.Real}"), (one.Target, one.Address, Assert.Single(one.Via))));
        Assert.Equal((0, 0), (first.Accepted, second.Accepted));

        var table = _lab.Run(checker, ProbeInside.Limit, ProbeInside.Program, check).Output;
        Assert.StartsWith("2 targets (syn, 3 checks each): 1 up, 1 down", table, StringComparison.Ordinal);
        Assert.Matches($@"(?m)^{vip}:80 at {two}\s+no-answer\s.*weight 0$", table);
        Assert.Matches($@"(?m)^{vip}:80 at {one}\s+up\s", table);
    }

    [NeedsTheory(Needs)]
    [InlineData("tcp dport 80 reject with tcp reset", CheckVerdict.Refused, null, null)]
    [InlineData("udp dport 6080 reject with icmp host-unreachable", CheckVerdict.Unreachable, "3/1", "tunnel")]
    [InlineData("udp dport 6080 reject with icmp port-unreachable", CheckVerdict.Unreachable, "3/3", "tunnel")]
    public void What_is_said_of_the_inner_or_of_the_outer_packet_ends_the_check(string rule, CheckVerdict verdict, string? icmp, string? by)
    {
        var layer = Layer("gue", v6: false);
        _net = LinuxTunnel.Build(_lab, new TunnelPlan { Layers = [layer] });
        using var listener = new CheckedListener(_net.Server(1));
        var (name, hook) = by is null ? (_net.Server(1), "input") : (_net.Tunnel, "forward");
        KernelLab.Nft(name, $"table ip say {{ chain c {{ type filter hook {hook} priority 0; {rule}; }}; }}");
        var result = _lab.Run(_net.Client, ProbeInside.Limit, ProbeInside.Program, "check", "--json", "--via", EncapsulationText.Of(layer), "--timeout", "3s", $"{Virtual(v6: false)}:80");

        Assert.Equal(1, result.Status);
        var check = Assert.Single(ProbeInside.Read(result).Checks!);
        Assert.Equal((verdict, icmp), (check.Verdict, check.Icmp is { } error ? $"{error.Type}/{error.Code}" : null));
        Assert.Equal(by is null ? null : "10.7.3.2", check.Icmp?.From);
    }

    [NeedsFact(Needs)]
    public void The_source_of_one_family_goes_through_a_tunnel_of_the_other()
    {
        _net = LinuxTunnel.Build(_lab, new TunnelPlan { Layers = [Layer("ipip", v6: false)] });
        var wire = new Wire(Layer("ipip", v6: false));
        using var capture = KernelLab.In(_net.Client, () => new PacketCapture(CaptureFilter.All));
        _lab.Run(_net.Client, ProbeInside.Limit, ProbeInside.Program, "check", "--source", $"{LinuxTunnel.ClientAddress(isV6: true)}", "--via", EncapsulationText.Of(Layer("ipip", v6: false)), "--timeout", "300ms", $"[{Virtual(v6: true)}]:80");
        var end = Environment.TickCount64 + 300;
        while (Environment.TickCount64 < end)
        {
            capture.Read(100_000_000, wire);
        }

        Assert.Contains("> tunnel Syn", wire.Seen);
    }

    [NeedsFact(Needs)]
    public void A_frame_without_a_MAC_is_the_caller_s_mistake_and_not_the_target_s()
    {
        var layer = new VxlanEncapsulation { Remote = TunnelPlan.ServerAddress(1, false), Vni = 7, Port = VxlanEncapsulation.DefaultPort };
        _net = LinuxTunnel.Build(_lab, new TunnelPlan { Layers = [Layer("ipip", v6: false)] });
        var refused = _lab.Run(_net.Client, ProbeInside.Limit, ProbeInside.Program, "check", "--via", EncapsulationText.Of(layer), $"{Virtual(v6: false)}:80");
        Assert.Equal(3, refused.Status);
        Assert.Contains("add mac=", refused.Error, StringComparison.Ordinal);
    }

    private static IpAddress Virtual(bool v6) => v6 ? TopologyBuilder.TargetV6 : TopologyBuilder.TargetV4;

    private static Encapsulation Layer(string tunnel, bool v6) => tunnel switch
    {
        "gue" => new GueEncapsulation { Remote = TunnelPlan.ServerAddress(1, v6), Port = GueEncapsulation.DefaultPort },
        "gre" => new GreEncapsulation { Remote = TunnelPlan.ServerAddress(1, v6) },
        _ => new IpIpEncapsulation { Remote = TunnelPlan.ServerAddress(1, v6) },
    };

    private string Routes(string checker, bool v6) =>
        string.Concat(new[] { Virtual(v6), TunnelPlan.ServerAddress(1, v6) }.Select(address => _lab.Run(checker, ProbeInside.Limit, "ip", "route", "get", $"{address}").MustSucceed().Output));

    /// <summary>A service of datagrams on a virtual address: sends back what comes, and " pong" behind it.</summary>
    private sealed class Responder : IDisposable
    {
        private readonly Socket _socket;
        private readonly Thread _thread;
        private readonly ConcurrentQueue<string> _received = [];

        public Responder(string name, IpAddress address)
        {
            _socket = KernelLab.In(name, () =>
            {
                var socket = new Socket(address.IsV6 ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
                socket.Bind(new IPEndPoint(address.ToIPAddress(), 80));
                return socket;
            });
            _thread = new Thread(Answer) { IsBackground = true };
            _thread.Start();
        }

        public IReadOnlyList<string> Received => [.. _received];

        public void Dispose()
        {
            _socket.Dispose();
            _thread.Join();
        }

        private void Answer()
        {
            var octets = new byte[1500];
            EndPoint from = new IPEndPoint(_socket.AddressFamily == AddressFamily.InterNetworkV6 ? IPAddress.IPv6Any : IPAddress.Any, 0);
            try
            {
                while (true)
                {
                    var length = _socket.ReceiveFrom(octets, ref from);
                    _received.Enqueue(Encoding.ASCII.GetString(octets, 0, length));
                    _socket.SendTo([.. octets[..length], .. " pong"u8], from);
                }
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // Closed under it: the end of the run.
                return;
            }
        }
    }

    /// <summary>The TCP segments that a checker's interfaces see, plain or in the tunnel.</summary>
    private sealed class Wire(Encapsulation layer) : ICaptureSink
    {
        public List<string> Seen { get; } = [];

        public void Captured(in CapturedPacket packet)
        {
            var tunnelled = EncapsulationReader.TryUnwrap(layer, packet.Octets, out var inner, out _);
            if (IpPacket.TryRead(tunnelled ? inner : packet.Octets, out var ip) && ip.Protocol == IpProtocol.Tcp && TcpHeader.TryRead(ip.Payload, out var tcp))
            {
                Seen.Add($"{(packet.Outgoing ? '>' : '<')} {(tunnelled ? "tunnel" : "direct")} {tcp.Flags}");
            }
            else if (ip.Protocol is IpProtocol.Icmp or IpProtocol.Udp)
            {
                Seen.Add($"{(packet.Outgoing ? '>' : '<')} protocol {ip.Protocol}");
            }
        }
    }
}
