using Probe.Core.Health;
using Probe.Core.Linux;
using Probe.Core.Packets;
using Probe.Core.Vocabulary;
using static Probe.Core.Health.CheckEnd;
using static Probe.Core.Vocabulary.CheckVerdict;

namespace Probe.Core.Tests.Health;

/// <summary>Every row of the taxonomy: facts in, verdict out.</summary>
public class VerdictJudgeTests : IVerdictSink
{
    private const long Second = 1_000_000_000;

    private static readonly IpAddress Gateway = IpAddress.Parse("10.0.0.9");

    private readonly FakeHost _host = new();
    private readonly List<(int Target, CheckVerdict Verdict, CheckReasonKind? Reason)> _said = [];
    private long _now;

    void IVerdictSink.Judged(in CheckOutcome outcome, CheckVerdict verdict, CheckReasonKind? reason) => _said.Add((outcome.Target, verdict, reason));

    [Theory]
    [InlineData(Answered, Up)]
    [InlineData(CheckEnd.Refused, CheckVerdict.Refused)]
    [InlineData(TimedOut, NoAnswer)]
    [InlineData(CheckEnd.Reset, CheckVerdict.Reset)]
    [InlineData(CheckEnd.Mismatch, CheckVerdict.Mismatch)]
    [InlineData(Late, Overload)]
    public void What_the_wire_shows_is_the_verdict(CheckEnd end, CheckVerdict verdict)
    {
        Open("192.0.2.1").Done(Outcome(end));

        Assert.Equal((0, verdict, null), Assert.Single(_said));
    }

    [Fact]
    public void A_stale_connection_that_costs_a_second_SYN_is_up()
    {
        Open("192.0.2.1").Done(Outcome(Answered) with { SynRetransmits = 1 });

        Assert.Equal((0, Up, null), Assert.Single(_said));
    }

    [Theory]
    [InlineData(Answered, CheckVerdict.Mismatch, true)]
    [InlineData(CheckEnd.Refused, CheckVerdict.Refused, false)]
    [InlineData(TimedOut, NoAnswer, true)]
    public void A_host_that_is_expected_to_refuse(CheckEnd end, CheckVerdict verdict, bool down)
    {
        var target = Target(0, "192.0.2.1") with { Question = new CheckQuestion { Expected = ExpectedState.Refused } };
        using var judge = new VerdictJudge(new TargetTable(target), _host, () => _now, this);
        judge.Done(Outcome(end));

        Assert.Equal((0, verdict, null), Assert.Single(_said));
        Assert.Equal(down, verdict.CountsAsDown(ExpectedState.Refused));
    }

    [Theory]
    [InlineData(Errno.EADDRNOTAVAIL, CheckReasonKind.Ports)]
    [InlineData(Errno.EADDRINUSE, CheckReasonKind.Ports)]
    [InlineData(Errno.EMFILE, CheckReasonKind.Descriptors)]
    [InlineData(Errno.ENFILE, CheckReasonKind.Descriptors)]
    [InlineData(Errno.ENOBUFS, CheckReasonKind.Buffers)]
    [InlineData(Errno.ENOMEM, CheckReasonKind.Buffers)]
    [InlineData(Errno.ENETDOWN, CheckReasonKind.Link)]
    [InlineData(Errno.ENODEV, CheckReasonKind.Link)]
    [InlineData(Errno.EPERM, CheckReasonKind.LocalRule)]
    [InlineData(Errno.EIO, CheckReasonKind.System)]
    public void What_this_host_lacks_blames_nobody(int errno, CheckReasonKind reason)
    {
        Open("192.0.2.1").Done(Failed(errno));

        Assert.Equal((0, Local, reason), Assert.Single(_said));
    }

    [Fact]
    public void A_source_address_that_went_away_blames_nobody()
    {
        _host.IsSourceMissing = true;
        Open("192.0.2.1").Done(Failed(Errno.EADDRNOTAVAIL));

        Assert.Equal((0, Local, CheckReasonKind.SourceAddress), Assert.Single(_said));
    }

    [Theory]
    [InlineData(3, 1, "192.0.2.99", Unreachable, null)]
    [InlineData(3, 13, "192.0.2.99", Unreachable, null)]
    [InlineData(3, 3, "192.0.2.1", Unreachable, null)]
    [InlineData(3, 3, "10.0.0.1", Local, CheckReasonKind.Reject)]
    [InlineData(3, 13, "10.0.0.1", Local, CheckReasonKind.Reject)]
    [InlineData(3, 1, "10.0.0.1", Local, CheckReasonKind.Reject)]
    public void An_ICMP_error_is_judged_by_who_sent_it(byte type, byte code, string from, CheckVerdict verdict, CheckReasonKind? reason)
    {
        Open("192.0.2.1").Done(Outcome(IcmpError) with { IcmpType = type, IcmpCode = code, IcmpFrom = IpAddress.Parse(from) });

        Assert.Equal((0, verdict, reason), Assert.Single(_said));
    }

    [Theory]
    [InlineData(TimedOut, true)]
    [InlineData(TimedOut, false)]
    [InlineData(IcmpError, false)]
    public void A_silent_neighbour_that_is_the_target_goes_down(CheckEnd end, bool asking)
    {
        _host.Ways[Address("10.0.0.7")] = new WayOut { Exists = true, NextHop = asking ? NextHopState.Asking : NextHopState.Silent };
        var outcome = end == TimedOut ? Outcome(TimedOut) : Outcome(IcmpError) with { IcmpType = 3, IcmpCode = 1, IcmpFrom = FakeHost.Own };
        Open("10.0.0.7", "10.0.0.8").Done(outcome);

        Assert.Equal((0, NoAnswer, CheckReasonKind.Neighbour), Assert.Single(_said));
    }

    [Fact]
    public void A_silent_default_gateway_is_this_hosts_own_trouble()
    {
        Behind(FakeHost.DefaultGateway, NextHopState.Silent, "192.0.2.1");
        Open("192.0.2.1").Done(Outcome(TimedOut));

        Assert.Equal((0, Local, CheckReasonKind.Gateway), Assert.Single(_said));
    }

    [Fact]
    public void A_silent_gateway_that_another_target_uses_blames_nobody()
    {
        Behind(Gateway, NextHopState.Silent, "192.0.2.1", "192.0.2.2");
        Open("192.0.2.1", "192.0.2.2").Done(Outcome(TimedOut));

        Assert.Equal((0, Local, CheckReasonKind.Gateway), Assert.Single(_said));
    }

    [Fact]
    public void A_silent_gateway_of_the_targets_own_counts_against_it()
    {
        Behind(Gateway, NextHopState.Silent, "192.0.2.1");

        // A second port of the same address is no other target.
        Open("192.0.2.1", "192.0.2.1", "198.51.100.1").Done(Outcome(TimedOut));

        Assert.Equal((0, Unreachable, CheckReasonKind.Gateway), Assert.Single(_said));
    }

    [Fact]
    public void A_dead_gateway_that_the_neighbour_table_still_believes_in_is_asked_before_anybody_is_blamed()
    {
        Behind(FakeHost.DefaultGateway, NextHopState.Known, "192.0.2.1", "192.0.2.2");
        using var judge = Open("192.0.2.1", "192.0.2.2");
        _now = Second;
        judge.Done(Outcome(TimedOut));
        judge.Done(Outcome(TimedOut, target: 1));
        Assert.Empty(_said);
        Assert.Equal(FakeHost.DefaultGateway, Assert.Single(_host.Asked));

        Behind(FakeHost.DefaultGateway, NextHopState.Asking, "192.0.2.1", "192.0.2.2");
        Turn(judge, Second + Second / 2);
        Assert.Empty(_said);

        Turn(judge, 2 * Second + 1);
        Assert.Equal([(0, Local, CheckReasonKind.Gateway), (1, Local, CheckReasonKind.Gateway)], _said);
    }

    [Fact]
    public void A_gateway_that_answers_leaves_the_target_to_blame()
    {
        Behind(FakeHost.DefaultGateway, NextHopState.Known, "192.0.2.1");
        using var judge = Open("192.0.2.1");
        _now = Second;
        judge.Done(Outcome(TimedOut));
        Assert.Empty(_said);

        _host.Ways[Address("192.0.2.1")] = _host.WayTo(Address("192.0.2.1")) with { ConfirmedAgoNs = 0 };
        Turn(judge, Second + 50_000_000);
        Assert.Equal((0, NoAnswer, null), Assert.Single(_said));
    }

    [Fact]
    public void Who_may_not_ask_the_gateway_says_what_the_wire_shows()
    {
        _host.MayAsk = false;
        Behind(FakeHost.DefaultGateway, NextHopState.Known, "192.0.2.1");
        using var judge = Open("192.0.2.1");
        judge.Done(Outcome(TimedOut));
        judge.Done(Outcome(TimedOut));

        Assert.Equal([(0, NoAnswer, null), (0, NoAnswer, null)], _said);
        Assert.Single(_host.Asked);
    }

    [Theory]
    [InlineData(Errno.ENETUNREACH)]
    [InlineData(Errno.EHOSTUNREACH)]
    [InlineData(Errno.EACCES)]
    [InlineData(Errno.EINVAL)]
    public void A_withdrawn_target_goes_down_while_others_get_through(int errno)
    {
        Withdraw("192.0.2.1");
        using var judge = Open("192.0.2.1", "192.0.2.2", "192.0.2.3");
        judge.Done(Failed(errno));
        Assert.Empty(_said);
        judge.Done(Outcome(Answered, target: 1));
        judge.Done(Outcome(TimedOut, target: 2));

        Assert.Equal([(1, Up, null), (2, NoAnswer, null), (0, Unreachable, CheckReasonKind.NoRoute)], _said);
    }

    [Fact]
    public void Several_withdrawn_targets_go_down_while_another_gets_through()
    {
        Withdraw("192.0.2.1", "192.0.2.2");
        using var judge = Open("192.0.2.1", "192.0.2.2", "192.0.2.3");
        judge.Done(Failed(Errno.ENETUNREACH));
        judge.Done(Failed(Errno.ENETUNREACH, target: 1));
        judge.Done(Outcome(CheckEnd.Refused, target: 2));

        Assert.Equal([(2, CheckVerdict.Refused, null), (0, Unreachable, CheckReasonKind.NoRoute), (1, Unreachable, CheckReasonKind.NoRoute)], _said);
    }

    [Fact]
    public void Routes_gone_for_all_blame_nobody()
    {
        // The first was checked before the routes went, and the host itself always answers.
        Withdraw("192.0.2.1", "192.0.2.2", "192.0.2.3");
        _host.Ways[FakeHost.Own] = new WayOut { Exists = true, IsOwn = true };
        using var judge = Open("192.0.2.1", "192.0.2.2", "192.0.2.3", "10.0.0.1");
        judge.Done(Outcome(Answered));
        judge.Done(Failed(Errno.ENETUNREACH, target: 1));
        judge.Done(Failed(Errno.ENETUNREACH, target: 2));
        judge.Done(Outcome(Answered, target: 3));

        Assert.Equal([(0, Up, null), (3, Up, null), (1, Local, CheckReasonKind.NoRoute), (2, Local, CheckReasonKind.NoRoute)], _said);
    }

    [Fact]
    public void Routes_that_went_and_came_back_blame_nobody()
    {
        using var judge = Open("192.0.2.1", "192.0.2.2", "192.0.2.3");
        judge.Done(Failed(Errno.ENETUNREACH));
        judge.Done(Failed(Errno.ENETUNREACH, target: 1));
        judge.Done(Outcome(Answered, target: 2));

        Assert.Equal([(2, Up, null), (0, Local, CheckReasonKind.NoRoute), (1, Local, CheckReasonKind.NoRoute)], _said);
    }

    [Theory]
    [InlineData(true, Unreachable)]
    [InlineData(false, Local)]
    public void One_target_without_a_route_depends_on_whether_this_host_has_any(bool any, CheckVerdict verdict)
    {
        _host.OffHostRoutes.Clear();
        _host.OffHostRoutes.Add(true);
        if (any)
        {
            _host.OffHostRoutes.Add(false);
        }

        // A second port of an address says nothing new.
        Withdraw("192.0.2.1");
        using var judge = Open("192.0.2.1", "192.0.2.1");
        judge.Done(Failed(Errno.ENETUNREACH));
        judge.Done(Failed(Errno.ENETUNREACH, target: 1));

        Assert.Equal([(0, verdict, CheckReasonKind.NoRoute), (1, verdict, CheckReasonKind.NoRoute)], _said);
    }

    [Fact]
    public void The_families_are_judged_apart()
    {
        Withdraw("2001:db8::1");
        _host.OffHostRoutes.Remove(true);
        using var judge = Open("2001:db8::1", "192.0.2.1");
        judge.Done(Failed(Errno.ENETUNREACH));
        judge.Done(Outcome(Answered, target: 1));

        Assert.Equal([(1, Up, null), (0, Local, CheckReasonKind.NoRoute)], _said);
    }

    [Fact]
    public void A_link_that_is_down_blames_nobody_even_while_others_get_through()
    {
        Withdraw("10.0.0.7");
        _host.DownLinks.Add(Address("10.0.0.7"));
        using var judge = Open("10.0.0.7", "192.0.2.2");
        judge.Done(Outcome(Answered, target: 1));
        judge.Done(Failed(Errno.ENETUNREACH));

        Assert.Equal([(1, Up, null), (0, Local, CheckReasonKind.Link)], _said);
    }

    [Fact]
    public void Nothing_waits_longer_than_two_seconds_for_a_long_round()
    {
        Withdraw("192.0.2.1");
        using var judge = Open("192.0.2.1", "192.0.2.2", "192.0.2.3");
        judge.Done(Outcome(Answered, target: 1));
        judge.Done(Failed(Errno.ENETUNREACH));
        Turn(judge, VerdictJudge.LongestHoldNs - 1);
        Assert.Single(_said);
        Turn(judge, VerdictJudge.LongestHoldNs);
        Assert.Equal((0, Unreachable, CheckReasonKind.NoRoute), _said[1]);
        Assert.Equal(0, judge.Waiting);
    }

    [Fact]
    public void The_end_of_the_run_judges_what_waits()
    {
        Withdraw("192.0.2.1");
        Behind(FakeHost.DefaultGateway, NextHopState.Asking, "192.0.2.2");
        _host.OffHostRoutes.Clear();
        using var judge = Open("192.0.2.1", "192.0.2.2", "192.0.2.3");
        judge.Done(Failed(Errno.ENETUNREACH));
        judge.Done(Outcome(TimedOut, target: 1));
        judge.Finish();

        Assert.Equal([(0, Local, CheckReasonKind.NoRoute), (1, Local, CheckReasonKind.Gateway)], _said);
    }

    [Fact]
    public void What_others_said_an_interval_ago_is_not_believed_of_now()
    {
        using var judge = Open("192.0.2.1", "192.0.2.2");
        judge.Done(Outcome(Answered));
        judge.Done(Outcome(Answered, target: 1));
        Withdraw("192.0.2.1", "192.0.2.2");
        _now = Second;
        judge.Done(Failed(Errno.ENETUNREACH) with { Attempt = 2, StartedNs = _now });
        judge.Done(Failed(Errno.ENETUNREACH, target: 1) with { Attempt = 2, StartedNs = _now });

        Assert.Equal([(0, Up, null), (1, Up, null), (0, Local, CheckReasonKind.NoRoute), (1, Local, CheckReasonKind.NoRoute)], _said);
    }

    [Theory]
    [InlineData(false, Local)]
    [InlineData(true, Unreachable)]
    public void Targets_of_different_intervals_are_heard_as_late_as_half_their_interval_before(bool getsThrough, CheckVerdict verdict)
    {
        // Every second, every ten, every minute; this host keeps a route somewhere, so that only what the others say decides.
        long[] intervals = [Second, 10 * Second, 60 * Second];
        using var judge = new VerdictJudge(new TargetTable(intervals.Select((ns, i) => Target(i, $"192.0.2.{i + 1}") with { IntervalNs = ns })), _host, () => _now, this);
        _now = 100 * Second;
        judge.Done(Outcome(Answered, target: 2) with { StartedNs = _now });
        _now = 120 * Second;
        judge.Done(Outcome(Answered, target: 1) with { StartedNs = _now });
        Withdraw(getsThrough ? ["192.0.2.1"] : ["192.0.2.1", "192.0.2.2", "192.0.2.3"]);
        _now = 124 * Second;
        judge.Done(Failed(Errno.ENETUNREACH) with { StartedNs = _now });

        Assert.Equal([(2, Up, null), (1, Up, null), (0, verdict, CheckReasonKind.NoRoute)], _said);
    }

    [Fact]
    public void Who_has_not_spoken_for_longer_than_half_its_interval_is_waited_for()
    {
        using var judge = new VerdictJudge(
            new TargetTable(Target(0, "192.0.2.1") with { IntervalNs = Second }, Target(1, "192.0.2.2") with { IntervalNs = 3 * Second }), _host, () => _now, this);
        judge.Done(Outcome(Answered, target: 1));
        _now = 2 * Second;
        judge.Done(Failed(Errno.ENETUNREACH) with { StartedNs = _now });
        Assert.Single(_said);

        // The routes came back, but the other met the gap too.
        _now = 3 * Second;
        judge.Done(Failed(Errno.ENETUNREACH, target: 1) with { StartedNs = _now });
        Assert.Equal([(1, Up, null), (0, Local, CheckReasonKind.NoRoute), (1, Local, CheckReasonKind.NoRoute)], _said);
    }

    [Fact]
    public void What_waits_of_a_target_that_goes_is_judged_no_more_and_its_index_says_nothing_about_the_next()
    {
        Withdraw("192.0.2.1");
        var targets = new TargetTable(Target(0, "192.0.2.1"), Target(1, "192.0.2.2"));
        using var judge = new VerdictJudge(targets, _host, () => _now, this);
        judge.Done(Failed(Errno.ENETUNREACH));
        targets.Leave(0);
        judge.Gone(0);
        targets.Release(0);
        Assert.Equal(0, targets.Add(Target(0, "192.0.2.3")).Index);
        Assert.Equal(0, judge.Waiting);

        // The only other one has no route either; had the old one's word counted, it would be this host's fault.
        Withdraw("192.0.2.2");
        judge.Done(Failed(Errno.ENETUNREACH, target: 1));
        judge.Done(Outcome(TimedOut));
        Assert.Equal([(0, NoAnswer, null), (1, Unreachable, CheckReasonKind.NoRoute)], _said);
    }

    [Fact]
    public void When_no_outcome_comes_any_more_nobody_is_waited_for_but_gateways()
    {
        Withdraw("192.0.2.1");
        Behind(FakeHost.DefaultGateway, NextHopState.Asking, "192.0.2.2");
        using var judge = Open("192.0.2.1", "192.0.2.2", "192.0.2.3");
        judge.Done(Failed(Errno.ENETUNREACH));
        judge.Done(Outcome(TimedOut, target: 1));
        judge.Conclude();
        Assert.Equal((0, Unreachable, CheckReasonKind.NoRoute), Assert.Single(_said));
        Assert.Equal(1, judge.Waiting);
    }

    private static IpAddress Address(string text) => IpAddress.Parse(text);

    private static CheckTarget Target(int index, string address) => new() { Index = index, Name = address, Address = Address(address), Port = (ushort)(80 + index) };

    private static CheckOutcome Outcome(CheckEnd end, int target = 0) => new() { Target = target, Attempt = 1, End = end, StartedNs = 0, RttNs = end == Answered ? 1000 : -1 };

    private static CheckOutcome Failed(int errno, int target = 0) => Outcome(CheckEnd.Failed, target) with { Errno = errno, Synchronous = true };

    private VerdictJudge Open(params string[] targets) => new(new TargetTable(targets.Select((address, i) => Target(i, address))), _host, () => _now, this);

    private void Turn(VerdictJudge judge, long now)
    {
        _now = now;
        judge.Turn();
    }

    private void Withdraw(params string[] targets)
    {
        foreach (var target in targets)
        {
            _host.Ways[Address(target)] = new WayOut { Exists = false };
        }
    }

    private void Behind(IpAddress gateway, NextHopState state, params string[] targets)
    {
        foreach (var target in targets)
        {
            _host.Ways[Address(target)] = new WayOut { Exists = true, Gateway = gateway, NextHop = state, ConfirmedAgoNs = long.MaxValue };
        }
    }
}
