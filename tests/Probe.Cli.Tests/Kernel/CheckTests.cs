using System.Net.Sockets;
using System.Net;
using Probe.Core.Evidence;
using Probe.Core.Vocabulary;
using Probe.Lab.Networks;
using static Probe.Core.Vocabulary.CheckVerdict;

namespace Probe.Cli.Tests.Kernel;

/// <summary>
/// Whose fault it is, end to end in kernel namespaces: a dead or withdrawn backend goes down, and with it nobody else; a broken checker blames nobody.
/// </summary>
public sealed class CheckTests : IDisposable
{
    private readonly KernelLab _lab;
    private readonly BackendNet _net;

    public CheckTests()
    {
        _lab = new KernelLab();
        _net = BackendNet.Build(_lab);
    }

    public void Dispose()
    {
        _net.Listener.Dispose();
        _lab.Dispose();
    }

    [NeedsFact(ProbeInside.Needs)]
    public void All_are_up_and_no_application_noticed()
    {
        // The kernel hears neighbour solicitations only a moment after an interface came up, and asks again after a second.
        var (checks, status) = Check("10.9.0.11:80", "10.9.8.1:80", "[fd09::11]:80", "127.0.0.1:9", "-c", "2", "-i", "200ms", "--timeout", "5s");

        Assert.Equal(1, status);
        Assert.True(checks.Count(check => check.Verdict == Up) == 6, string.Join(' ', checks.Select(check => $"{check.Target} {check.Verdict} {check.Reason}")));
        Assert.Equal(["127.0.0.1:9 Refused", "127.0.0.1:9 Refused"], Down(checks));
        Assert.False(_net.Listener.Pending());
    }

    [NeedsTheory(ProbeInside.Needs)]
    [InlineData("tcp dport 80 drop", NoAnswer, null)]
    [InlineData("tcp dport 80 reject with icmp admin-prohibited", Unreachable, "3/13")]
    [InlineData("tcp dport 80 reject with icmp port-unreachable", Unreachable, "3/3")]
    [InlineData("tcp dport 80 reject with tcp reset", Refused, null)]
    public void A_backend_that_does_not_answer_goes_down_and_no_other(string rule, CheckVerdict verdict, string? icmp)
    {
        BackendNet.Filter(_net.Backends, "input", $"ip daddr 10.9.8.3 {rule}");
        var (checks, status) = Check("10.9.0.11:80", "10.9.8.1:80", "10.9.8.2:80", "10.9.8.3:80");

        Assert.Equal(1, status);
        Assert.Equal([$"10.9.8.3:80 {verdict}"], Down(checks));
        var down = checks.Single(check => check.Target == "10.9.8.3:80");
        Assert.Equal((null, icmp), (down.Reason, down.Icmp is { } error ? $"{error.Type}/{error.Code}" : null));
        Assert.Equal(3, checks.Count(check => check.Verdict == Up));
    }

    [NeedsTheory(ProbeInside.Needs)]
    [InlineData("tcp dport 80 drop", NoAnswer, null)]
    [InlineData("tcp dport 80 reject with icmp admin-prohibited", Unreachable, "3/13")]
    [InlineData("tcp dport 80 reject with tcp reset", Refused, null)]
    public void The_raw_engine_says_the_same(string rule, CheckVerdict verdict, string? icmp)
    {
        BackendNet.Filter(_net.Backends, "input", $"ip daddr 10.9.8.3 {rule}");
        var (checks, status) = Check("--engine", "raw", "10.9.0.11:80", "10.9.8.1:80", "[fd09::11]:80", "10.9.8.3:80", "--timeout", "2s");

        Assert.Equal(1, status);
        Assert.Equal([$"10.9.8.3:80 {verdict}"], Down(checks));
        var down = checks.Single(check => check.Target == "10.9.8.3:80");
        Assert.Equal((null, icmp), (down.Reason, down.Icmp is { } error ? $"{error.Type}/{error.Code}" : null));
        Assert.Equal((3, 4), (checks.Count(check => check.Verdict == Up), checks.Count(check => check.Engine == CheckEngineKind.Raw)));
        Assert.False(_net.Listener.Pending());
    }

    [NeedsTheory(ProbeInside.Needs)]
    [InlineData("sockets", true)]
    [InlineData("raw", false)]
    public void What_the_kernel_learned_from_answers_to_its_own_sockets_is_named(string engine, bool learns)
    {
        // A liar: a SYN of 60 octets is too big for nothing, and the kernel believes it (to net.ipv4.route.min_pmtu).
        BackendNet.Filter(_net.Backends, "input", "ip daddr 10.9.8.3 tcp dport 80 reject with icmp type frag-needed");
        var result = _net.Run(ProbeInside.Limit, ProbeInside.Program, "check", "--json", "--engine", engine, "10.9.8.1:80", "10.9.8.3:80");
        var gap = ProbeInside.Read(result).Gaps?.SingleOrDefault(one => one.What == "route cache");
        var route = _net.Run(ProbeInside.Limit, "ip", "route", "get", "10.9.8.3").Output;

        Assert.Equal(learns, route.Contains("mtu", StringComparison.Ordinal));
        Assert.Equal(learns, gap is not null);
        Assert.Equal(learns, result.Error.Contains("10.9.8.3", StringComparison.Ordinal));
        if (learns)
        {
            Assert.Matches(@"path MTU \d+ \(locked\) to 10\.9\.8\.3, which expires in \d+ s$", gap!.Why);
        }
    }

    [NeedsFact(ProbeInside.Needs)]
    public void Raw_checks_that_would_fill_the_connection_tracking_table_are_refused()
    {
        // A stateful rule, so that there is a table.
        BackendNet.Filter(_net.Backends, "input", "ct state invalid drop");
        var file = Path.GetTempFileName();
        try
        {
            File.WriteAllLines(file, Enumerable.Range(0, 60_000).Select(number => $"10.9.{number / 250}.{number % 250 + 1}:80"));
            var refused = _net.Run(ProbeInside.Limit, ProbeInside.Program, ["check", "--engine", "raw", "-c", "100", "-F", file]);
            Assert.Equal((3, ""), (refused.Status, refused.Output));
            Assert.Contains("entries left in the connection tracking table", refused.Error, StringComparison.Ordinal);
            Assert.Contains("--allow-conntrack-fill", refused.Error, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [NeedsFact(ProbeInside.Needs)]
    public void A_dead_backend_on_the_link_goes_down_and_says_so()
    {
        var (checks, status) = Check("10.9.0.11:80", "10.9.0.99:80", "10.9.8.1:80");

        Assert.Equal(1, status);
        Assert.Equal(["10.9.0.99:80 NoAnswer"], Down(checks));
        Assert.Equal((CheckReasonKind?)CheckReasonKind.Neighbour, checks.Single(check => check.Target == "10.9.0.99:80").Reason?.Kind);
    }

    [NeedsTheory(ProbeInside.Needs)]
    [InlineData("tcp dport 80 reject with icmp admin-prohibited", Local, CheckReasonKind.Reject, 4)]
    [InlineData("tcp dport 80 reject with icmp port-unreachable", Local, CheckReasonKind.Reject, 4)]
    [InlineData("tcp dport 80 reject with icmp host-unreachable", Local, CheckReasonKind.Reject, 4)]

    // The ambiguous rows: what the wire shows.
    [InlineData("tcp dport 80 reject with tcp reset", Refused, null, 1)]
    [InlineData("tcp dport 80 drop", NoAnswer, null, 1)]
    public void A_rule_of_the_checkers_own(string rule, CheckVerdict verdict, CheckReasonKind? reason, int code)
    {
        BackendNet.Filter(_net.Checker, "output", rule);
        var (checks, status) = Check("10.9.0.11:80", "10.9.8.1:80");

        Assert.Equal(code, status);
        Assert.All(checks, check => Assert.Equal((verdict, reason), (check.Verdict, check.Reason?.Kind)));
    }

    [NeedsTheory(ProbeInside.Needs)]
    [InlineData("unreachable", "EHOSTUNREACH")]
    [InlineData("prohibit", "EACCES")]
    [InlineData("blackhole", "EINVAL")]
    public void A_withdrawn_backend_goes_down_while_others_get_through(string type, string errno)
    {
        KernelLab.Ip([$"-n {_net.Checker} route add {type} 10.9.8.3/32", $"-n {_net.Checker} route add {type} 10.9.8.4/32"]);
        var (checks, status) = Check("10.9.8.1:80", "10.9.8.2:80", "10.9.8.3:80", "10.9.8.4:80");

        Assert.Equal(1, status);
        Assert.Equal(["10.9.8.3:80 Unreachable", "10.9.8.4:80 Unreachable"], Down(checks));
        Assert.All(checks.Where(check => check.Verdict != Up), check => Assert.Equal(((CheckReasonKind?)CheckReasonKind.NoRoute, errno), (check.Reason?.Kind, check.Errno)));
    }

    [NeedsFact(ProbeInside.Needs)]
    public void Routes_gone_for_all_blame_nobody()
    {
        KernelLab.Ip([$"-n {_net.Checker} route del default"]);
        var (checks, status) = Check("10.9.8.1:80", "10.9.8.2:80", "10.9.8.3:80", "127.0.0.1:80");

        Assert.Equal(1, status);
        Assert.Equal(["127.0.0.1:80 Refused"], Down(checks));
        Assert.Equal(3, checks.Count(check => check is { Verdict: Local, Reason.Kind: CheckReasonKind.NoRoute }));
    }

    [NeedsFact(ProbeInside.Needs)]
    public void One_withdrawn_target_alone_goes_down_as_long_as_this_host_leads_anywhere()
    {
        KernelLab.Ip([$"-n {_net.Checker} route del default"]);
        var (checks, status) = Check("10.9.8.1:80");
        Assert.Equal((1, Unreachable, (CheckReasonKind?)CheckReasonKind.NoRoute), (status, checks[0].Verdict, checks[0].Reason?.Kind));

        KernelLab.Ip([$"-n {_net.Checker} addr flush dev c0 scope global"]);
        (checks, status) = Check("10.9.8.1:80");
        Assert.Equal((4, Local, (CheckReasonKind?)CheckReasonKind.NoRoute), (status, checks[0].Verdict, checks[0].Reason?.Kind));
    }

    [NeedsFact(ProbeInside.Needs)]
    public void A_link_that_is_down_blames_nobody()
    {
        KernelLab.Ip([$"-n {_net.Checker} link set c0 down"]);
        var (checks, status) = Check("10.9.0.11:80", "10.9.0.12:80", "10.9.8.1:80");

        Assert.Equal(4, status);
        Assert.Equal(["10.9.0.11:80 link", "10.9.0.12:80 link", "10.9.8.1:80 no-route"], checks.OrderBy(check => check.Target).Select(check => $"{check.Target} {check.Reason}"));
        Assert.All(checks, check => Assert.Equal(Local, check.Verdict));
    }

    [NeedsTheory(ProbeInside.Needs)]
    [InlineData(20, "10.9.8.1:80 quick.example:80")]
    [InlineData(70, "10.9.8.1:80")] // More names than are asked for at a time: the last one has to wait.
    public void A_slow_resolver_delays_no_check_of_an_address_or_of_another_name(int slowNames, string others)
    {
        // A name server that takes questions and answers none until the others have been checked.
        using var server = Datagrams(53);
        using var names = NamespaceFiles.Write(_net.Checker, "nameserver 10.9.0.2\noptions timeout:30 attempts:1\n", "10.9.8.2 quick.example\n");
        string[] slow = [.. Enumerable.Range(0, slowNames).Select(number => $"slow{number}.example:80")];
        using var probe = _lab.Start(_net.Checker, ProbeInside.Program, ["check", "--csv", "-c", "2", "-i", "1ms", "10.9.8.1:80", .. slow, "quick.example:80"]);
        string[] undelayed = others.Split(' ');
        probe.WaitFor(output => Rows(output).Count(row => undelayed.Contains(row[0], StringComparer.Ordinal)) == 2 * undelayed.Length, "two checks of each", ProbeInside.Limit);
        var failing = new Thread(FailAll) { IsBackground = true };
        failing.Start();
        var result = probe.Wait(ProbeInside.Limit);

        Assert.Equal(4, result.Status);
        var rows = Rows(result.Output);
        var unresolved = rows.FindAll(row => row[0].StartsWith("slow", StringComparison.Ordinal));
        Assert.Equal(slow, unresolved.Select(row => row[0]).OrderBy(target => Array.IndexOf(slow, target)));
        Assert.All(unresolved, row => Assert.Equal(("local", "resolver"), (row[5], row[12].Split(':')[0])));
        Assert.All(rows.Take(2 * undelayed.Length), row => Assert.Contains(row[0], undelayed));
        Assert.Equal(["10.9.8.1:80 up", "10.9.8.1:80 up", "quick.example:80 up", "quick.example:80 up"], rows.Except(unresolved).Select(row => $"{row[0]} {row[5]}").Order(StringComparer.Ordinal));

        static List<string[]> Rows(string output) => [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(line => line.Split(','))];

        void FailAll()
        {
            var message = new byte[512];
            EndPoint from = new IPEndPoint(IPAddress.Any, 0);
            try
            {
                while (server.ReceiveFrom(message, ref from) is var length)
                {
                    // The question as it came, as a response: server failure (RFC 1035 section 4.1.1).
                    (message[2], message[3]) = (0x81, 0x82);
                    server.SendTo(message.AsSpan(0, length), from);
                }
            }
            catch (SocketException)
            {
                // Closed under it: the end of the test.
                return;
            }
        }
    }

    [NeedsTheory(ProbeInside.Needs)]
    [InlineData("sockets")]
    [InlineData("raw")]
    public void Both_engines_say_the_same_of_datagrams(string engine)
    {
        using var server = Datagrams(54);
        using var silent = Datagrams(55);
        EndPoint anybody = new IPEndPoint(IPAddress.Any, 0);
        server.BeginReceiveFrom(new byte[100], 0, 100, SocketFlags.None, ref anybody, Answer, null);
        var (checks, status) = Check("--udp", "--engine", engine, "--send", "ping", "--timeout", "1s", "10.9.0.2:54", "10.9.0.2:55", "10.9.0.2:56");

        Assert.Equal(1, status);
        Assert.Equal(["10.9.0.2:54 Up", "10.9.0.2:55 NoAnswer", "10.9.0.2:56 Unreachable 3/3 10.9.0.2"], checks.OrderBy(check => check.Target).Select(check =>
            $"{check.Target} {check.Verdict}{(check.Icmp is { } icmp ? $" {icmp.Type}/{icmp.Code} {icmp.From}" : "")}"));

        void Answer(IAsyncResult result)
        {
            EndPoint from = new IPEndPoint(IPAddress.Any, 0);
            server.EndReceiveFrom(result, ref from);
            server.SendTo("pong"u8, from);
        }
    }

    [NeedsFact(ProbeInside.Needs)]
    public void A_default_gateway_that_never_was_there_blames_nobody()
    {
        KernelLab.Ip([$"-n {_net.Checker} route replace default via 10.9.0.77"]);
        var (checks, status) = Check("10.9.0.11:80", "10.9.8.1:80", "10.9.8.2:80");

        Assert.Equal((4, 2), (status, checks.Count(check => check is { Verdict: Local, Reason.Kind: CheckReasonKind.Gateway })));
    }

    [NeedsFact(ProbeInside.Needs)]
    public void A_default_gateway_that_dies_while_the_kernel_still_believes_in_it_blames_nobody()
    {
        var (before, _) = Check("10.9.8.1:80", "10.9.8.2:80");
        Assert.All(before, check => Assert.Equal(Up, check.Verdict));
        _net.SilenceBackends();
        var (checks, status) = Check("10.9.8.1:80", "10.9.8.2:80", "10.9.8.3:80");

        Assert.Equal(4, status);
        Assert.All(checks, check => Assert.Equal((Local, (CheckReasonKind?)CheckReasonKind.Gateway), (check.Verdict, check.Reason?.Kind)));
    }

    [NeedsFact(ProbeInside.Needs)]
    public void A_silent_gateway_of_the_targets_own_counts_against_it()
    {
        KernelLab.Ip([$"-n {_net.Checker} route add 10.9.8.5/32 via 10.9.0.77"]);
        var (checks, status) = Check("10.9.0.11:80", "10.9.8.1:80", "10.9.8.5:80");

        Assert.Equal(1, status);
        Assert.Equal(["10.9.8.5:80 Unreachable"], Down(checks));
        Assert.Equal((CheckReasonKind?)CheckReasonKind.Gateway, checks.Single(check => check.Target == "10.9.8.5:80").Reason?.Kind);
    }

    [NeedsFact(ProbeInside.Needs)]
    public void Ports_that_run_out_blame_nobody()
    {
        KernelLab.Sysctl(_net.Checker, ("net.ipv4.ip_local_port_range", "40000 40009"));
        BackendNet.Filter(_net.Backends, "input", "tcp dport 80 drop");
        var (checks, _) = Check("10.9.0.11:80", "-c", "40", "-i", "1ms", "--rate", "max", "--timeout", "2s");

        Assert.Equal(40, checks.Count);
        Assert.True(checks.Count(check => check is { Verdict: Local, Reason.Kind: CheckReasonKind.Ports }) >= 20, string.Join(' ', checks.Select(check => check.Verdict)));
        Assert.DoesNotContain(checks, check => check.Verdict is not (Local or NoAnswer));
    }

    [NeedsFact(ProbeInside.Needs)]
    public void A_source_address_that_is_not_there_blames_nobody()
    {
        var (checks, status) = Check("10.9.0.11:80", "10.9.8.1:80", "--source", "10.9.0.200");

        Assert.Equal(4, status);
        Assert.All(checks, check => Assert.Equal((Local, (CheckReasonKind?)CheckReasonKind.SourceAddress), (check.Verdict, check.Reason?.Kind)));
    }

    [NeedsTheory(ProbeInside.Needs)]
    [InlineData("INT", 130)]
    [InlineData("TERM", 143)]
    public void An_interrupt_shows_what_is_done(string signal, int status)
    {
        using var probe = _lab.Start(_net.Checker, "env", ["--default-signal=INT", ProbeInside.Program, "check", "--csv", "-c", "1000", "-i", "50ms", "10.9.0.11:80"]);
        probe.WaitFor("10.9.0.11:80", ProbeInside.Limit);
        probe.Signal(signal);
        var result = probe.Wait(ProbeInside.Limit);

        Assert.Equal((status, ""), (result.Status, result.Error));
        Assert.Contains("10.9.0.11:80,10.9.0.11,80,syn,sockets,up,", result.Output, StringComparison.Ordinal);
    }

    [NeedsFact(ProbeInside.Needs)]
    public void A_capture_holds_the_three_packets_of_a_check()
    {
        using var folder = new TemporaryFolder();
        var file = Path.Combine(folder.Path, "c.pcapng");
        var (bundle, _) = Document("10.9.0.11:80", "--pcap", file);

        Assert.Equal(file, Assert.Single(bundle.Captures!).File);
        Assert.True(new FileInfo(file).Length > 300);
    }

    private static IEnumerable<string> Down(IEnumerable<CheckEvidence> checks) => checks
        .Where(check => check.Verdict.CountsAsDown(ExpectedState.Up)).OrderBy(check => check.Target, StringComparer.Ordinal).Select(check => $"{check.Target} {check.Verdict}");

    private Socket Datagrams(int port) => KernelLab.In(_net.Backends, () =>
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Parse("10.9.0.2"), port));
        return socket;
    });

    private (IReadOnlyList<CheckEvidence> Checks, int Status) Check(params string[] arguments)
    {
        var (bundle, status) = Document(arguments);
        return (bundle.Checks!, status);
    }

    private (Bundle Bundle, int Status) Document(params string[] arguments)
    {
        var result = _net.Run(ProbeInside.Limit, ProbeInside.Program, ["check", "--json", .. arguments]);
        return (ProbeInside.Read(result), result.Status);
    }
}
