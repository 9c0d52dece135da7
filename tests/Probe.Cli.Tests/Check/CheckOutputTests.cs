using Probe.Cli.Frame;
using Probe.Cli.Check;
using Probe.Cli.Output;
using Probe.Cli.Parsing;
using Probe.Core.Evidence;
using Probe.Core.Health;
using Probe.Core.Host;
using Probe.Core.Packets;

using Probe.Core.Vocabulary;
using static Probe.Testing.CheckSamples;
using static Probe.Core.Vocabulary.CheckVerdict;

namespace Probe.Cli.Tests.Check;

/// <summary>Targets in, counts and codes out; no packet leaves.</summary>
public class CheckOutputTests
{
    [Fact]
    public void A_file_holds_one_target_a_line()
    {
        var warnings = new List<string>();
        var targets = ListFile.Parse<ServiceName>(
            "# backends\n192.0.2.1:80\n\n  192.0.2.2:443 weight=3 # second\r\n[2001:db8::1]:80/tcp\nexample.com:8080\t#x\n", "f", CheckTargets.Ends, ServiceName.TryParse, warnings.Add);

        Assert.Equal(["192.0.2.1:80", "192.0.2.2:443", "[2001:db8::1]:80", "example.com:8080"], targets.Select(target => target.Text));
        Assert.Equal(["192.0.2.1 80", "192.0.2.2 443", "2001:db8::1 80", " 8080"], targets.Select(target => $"{target.Host.Address} {target.Port}"));
        Assert.Equal("f line 4: 'weight=3' and whatever else follows a target is passed over", Assert.Single(warnings));
    }

    [Fact]
    public void A_director_s_table_is_a_target_for_each_real_server()
    {
        Assert.True(IpvsTable.TryRead(File.ReadAllText(Path.Combine(Golden.Root, "tests/Probe.Cli.Tests/Golden/director.ipvs")), out var table, out var error), error);
        var text = new StringWriter { NewLine = "\n" };
        foreach (var target in ServiceSource.TargetsOf(table, sentence => text.WriteLine($"not checked: {sentence}")))
        {
            var at = target.At!;
            text.WriteLine($"{target.Text} is {target.Host.Address} port {target.Port} via '{string.Join(' ', at.Via.Layers.Select(EncapsulationText.Of))}' at {at.Real} weight {at.Weight}");
        }

        Golden.Check("tests/Probe.Cli.Tests/Golden/director.targets", text.ToString());
    }

    [Fact]
    public void From_outside_a_director_s_table_is_a_target_for_each_service_whatever_its_forwarding()
    {
        const string Saved = """
            -A -t 192.0.2.1:80 -s wlc
            -a -t 192.0.2.1:80 -r 10.0.0.1:8080 -m -w 1
            -A -t 192.0.2.2:443 -s wlc
            -a -t 192.0.2.2:443 -r 10.0.0.1:443 -g -w 1
            -A -u 192.0.2.3:53 -s wlc
            -a -u 192.0.2.3:53 -r 10.0.0.1:53 -i -w 1
            -A -f 7 -s wlc

            """;
        Assert.True(IpvsTable.TryRead(Saved, out var table, out var error), error);
        var skipped = new List<string>();
        Assert.Equal(
            ["192.0.2.1:80 192.0.2.1 80 False", "192.0.2.2:443 192.0.2.2 443 False", "192.0.2.3:53/udp 192.0.2.3 53 True"],
            ServiceSource.ServicesOf(table, skipped.Add).Select(service => $"{service.Text} {service.Address} {service.Port} {service.IsUdp}"));
        Assert.Contains("firewall mark", Assert.Single(skipped), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--via 'ipip:nowhere'", "192.0.2.1:80", "--via", "ipip:nowhere")]
    [InlineData("half-open checks, --icmp and --udp go, by --engine raw", "192.0.2.1:80", "--via", "ipip:192.0.2.7", "--engine", "sockets")]
    [InlineData("leave out the option that asks for another kind", "192.0.2.1:80", "--via", "ipip:192.0.2.7", "--connect")]
    [InlineData("write ipvs:FILE", "--targets-from", "haproxy:/run/haproxy.sock")]
    [InlineData("no such file", "--targets-from", "ipvs:/nowhere/at/all")]
    public void What_no_tunnel_or_list_can_be_is_refused(string expected, params string[] arguments)
    {
        var ended = Child.RunProbe(["check", .. arguments]);

        Assert.Contains(ended.Status, new[] { 2, 3 });
        Assert.Contains(expected, Assert.Single(ended.ErrorLines), StringComparison.Ordinal);
    }

    [Fact]
    public void A_real_server_without_a_port_is_not_checked_and_named()
    {
        Assert.True(IpvsTable.TryRead("-A -t 203.0.113.10:80 -s wlc\n-a -t 203.0.113.10:80 -r 10.0.0.1:0 -m -w 1\n", out var table, out var error), error);
        var skipped = new List<string>();
        Assert.Empty(ServiceSource.TargetsOf(table, skipped.Add));
        Assert.Equal("203.0.113.10:80 at 10.0.0.1: its port is 0, which names none to check", Assert.Single(skipped));
    }

    [Fact]
    public void More_tunnels_than_a_packet_has_room_for_are_refused()
    {
        var ended = Child.RunProbe(["check", "192.0.2.1:80", .. Enumerable.Repeat<string[]>(["--via", "ipip:[2001:db8::7]"], 36).SelectMany(words => words)]);
        Assert.Equal(2, ended.Status);
        Assert.Contains("add 1440 octets to each packet, and checks take 1420 at most", Assert.Single(ended.ErrorLines), StringComparison.Ordinal);
    }

    [Fact]
    public void More_octets_than_a_datagram_of_our_own_has_room_for_are_refused()
    {
        var ended = Child.RunProbe(["check", "192.0.2.1:53", "--udp", "--via", "gue:192.0.2.7", "--send", new string('x', 1421)]);
        Assert.Equal(2, ended.Status);
        Assert.Contains("--send has 1421 octets, and a datagram of --engine raw takes 1420 in these tunnels", Assert.Single(ended.ErrorLines), StringComparison.Ordinal);
    }

    [Fact]
    public void A_list_of_services_has_other_targets_for_datagrams()
    {
        Assert.True(IpvsTable.TryRead(
            "-A -t 203.0.113.10:80 -s wlc\n-a -t 203.0.113.10:80 -r 10.0.0.1:80 -i\n-A -u 203.0.113.10:53 -s wlc\n-a -u 203.0.113.10:53 -r 10.0.0.2:53 -i\n",
            out var table, out var error), error);
        var skipped = new List<string>();
        Assert.Equal("203.0.113.10:80", Assert.Single(ServiceSource.TargetsOf(table, skipped.Add)).Text);
        Assert.Equal("203.0.113.10:53", Assert.Single(ServiceSource.TargetsOf(table, skipped.Add, isUdp: true)).Text);
        Assert.Equal(["203.0.113.10:53: a UDP service has no handshake to check", "203.0.113.10:80: a TCP service takes no datagrams"], skipped);
    }

    [Fact]
    public void A_wrong_line_is_refused_with_its_number()
    {
        var error = Assert.Throws<UserError>(() => ListFile.Parse<ServiceName>("192.0.2.1:80\nnothing\n", "f", CheckTargets.Ends, ServiceName.TryParse, _ => { }));

        Assert.Equal(ExitStatus.Usage, error.Status);
        Assert.StartsWith("f line 2: 'nothing' has no port", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("last", new[] { Up, NoAnswer, Up }, 0, 0, 0)]
    [InlineData("any", new[] { Up, NoAnswer, Up }, 1, 1, 2)]
    [InlineData("all", new[] { Up, NoAnswer, Up }, 0, 0, 0)]
    [InlineData("last", new[] { Up, NoAnswer }, 1, 1, 2)]
    [InlineData("all", new[] { NoAnswer, Refused }, 1, 1, 2)]
    [InlineData("all", new[] { NoAnswer, Local }, 1, 1, 2)]
    [InlineData("last", new[] { NoAnswer, Local }, 4, 0, 3)]
    [InlineData("last", new[] { Local, Up }, 0, 0, 0)]
    [InlineData("any", new[] { Local, Up }, 4, 0, 3)]
    [InlineData("last", new[] { Overload }, 4, 0, 3)]
    [InlineData("last", new[] { Unreachable }, 1, 1, 2)]
    [InlineData("last", new[] { Reset }, 1, 1, 2)]
    [InlineData("last", new[] { Mismatch }, 1, 1, 2)]
    public void The_exit_code_follows_the_results_of_a_target(string fail, CheckVerdict[] verdicts, int own, int binary, int nagios)
    {
        var score = new CheckScore(2, ExpectedState.Up, Enum.Parse<FailMode>(fail, ignoreCase: true));
        score.Add(0, Up);
        Array.ForEach(verdicts, verdict => score.Add(1, verdict));

        Assert.Equal((own, binary, nagios), ((int)Exit(score, ExitMode.Probe), (int)Exit(score, ExitMode.Binary), (int)Exit(score, ExitMode.Nagios)));
        Assert.Equal(2, score.Up + score.Down + score.Unknown);
    }

    private static ExitStatus Exit(CheckScore score, ExitMode mode, SweepEnd end = SweepEnd.Done) => ExitJudgement.Of([score.Conclude(end)], [], mode);

    [Fact]
    public void A_deadline_is_the_code_of_what_was_found_else_4()
    {
        var score = new CheckScore(3, ExpectedState.Up, FailMode.Last);
        score.Add(0, Up);
        Assert.Equal(ExitStatus.Incomplete, Exit(score, ExitMode.Probe, SweepEnd.Deadline));
        score.Add(1, NoAnswer);
        Assert.Equal(ExitStatus.Fault, Exit(score, ExitMode.Probe, SweepEnd.Deadline));
    }

    [Fact]
    public void A_refusal_that_was_expected_is_well()
    {
        var score = new CheckScore(1, ExpectedState.Refused, FailMode.Last);
        score.Add(0, Refused);

        Assert.Equal((ExitStatus.Fine, 1), (Exit(score, ExitMode.Probe), score.Up));
    }

    [Fact]
    public void Of_many_targets_the_table_shows_the_counts_and_the_odd_ones()
    {
        var text = Table([.. Enumerable.Range(1, 1000).Select(i => CheckSamples.Check($"10.0.0.{i}:80", i % 100 == 0 ? NoAnswer : i == 7 ? Local : Up))]);
        var lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries);

        Assert.Equal("1000 targets (syn): 989 up, 10 down, 1 not judged", lines[0]);
        Assert.Equal(13, lines.Length);
        Assert.StartsWith("10.0.0.100:80   no-answer", lines[2], StringComparison.Ordinal);
        Assert.StartsWith("10.0.0.1000:80  no-answer", lines[11], StringComparison.Ordinal);
        Assert.StartsWith("10.0.0.7:80     local", lines[12], StringComparison.Ordinal);
    }

    [Fact]
    public void A_great_many_of_one_kind_are_counted_not_listed()
    {
        var lines = Table([.. Enumerable.Range(1, 5000).Select(i => CheckSamples.Check($"h{i}:80", NoAnswer))]).Split('\n', StringSplitOptions.RemoveEmptyEntries);

        Assert.Equal("5000 targets (syn): 0 up, 5000 down", lines[0]);
        Assert.Equal("… and 4980 more no-answer; --csv lists them all.", lines[^1]);
        Assert.Equal(23, lines.Length);
    }

    [Fact]
    public void A_row_of_csv_has_the_contracts_columns()
    {
        var writer = new StringWriter();
        new CheckCsv(writer).Write(CheckSamples.Check("[2001:db8::1]:80", Unreachable) with { Icmp = new IcmpEvidence(1, 1, "2001:db8::9"), Errno = "EACCES", RttNs = 17 });
        var lines = writer.ToString().Split("\r\n");

        Assert.Equal("target,address,port,kind,engine,verdict,rtt_ns,errno,icmp_type,icmp_code,icmp_from,syn_retransmits,reason,attempt,ack_escaped,via,real", lines[0]);
        Assert.Equal("\"[2001:db8::1]:80\",192.0.2.1,80,syn,sockets,unreachable,17,EACCES,1,1,2001:db8::9,0,,1,false,,", lines[1]);
    }

    [Fact]
    public void The_help_names_what_looks_alike()
    {
        var help = Child.RunProbe("check", "--help");

        Assert.Equal(0, help.Status);
        var text = string.Join(' ', help.Output.Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains("packets that a rule of this host drops silently, and a carrier lost at the peer, are no-answer; a local rule that rejects with a TCP reset is refused", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("binary", 0)]
    [InlineData("nagios", 3)]
    public void A_checker_that_cannot_run_calls_nobody_dead(string exit, int status)
    {
        var ended = Child.RunProbe("check", "192.0.2.1:80", "--interface", "nosuch0", "--exit", exit);

        Assert.True(ended.Status == status, ended.ToString());
        Assert.Contains("nosuch0", Assert.Single(ended.ErrorLines), StringComparison.Ordinal);
    }

    private static string Table(IReadOnlyList<CheckEvidence> checks)
    {
        var score = new CheckScore(checks.Count, ExpectedState.Up, FailMode.Last);
        for (var i = 0; i < checks.Count; i++)
        {
            score.Add(i, checks[i].Verdict);
        }

        var request = new CheckRequest
        {
            Targets = [.. checks.Select(check => new ServiceName(check.Target, new TargetName(check.Target, Core.Packets.IpAddress.Parse("192.0.2.1"), null), 80))],
            Question = new CheckQuestion(),
            Pace = new CheckPace(),
            Output = CheckOutput.Table,
            Fail = FailMode.Last,
            Exit = ExitMode.Probe,
            Probing = new ProbingOptions { Family = Family.Any, Numeric = true, Dscp = 0, Timeout = Duration.Milliseconds(1000) },
        };
        var writer = new StringWriter { NewLine = "\n" };
        CheckTable.Write(Document([.. checks]) with { Gaps = null }, score, request, writer, Palette.None);
        return writer.ToString();
    }
}
