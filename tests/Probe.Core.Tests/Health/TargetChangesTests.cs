using Probe.Core.Health;
using Probe.Core.Packets;
using Probe.Core.Vocabulary;

namespace Probe.Core.Tests.Health;

/// <summary>Which check is the same check after a configuration was read again.</summary>
public sealed class TargetChangesTests
{
    [Fact]
    public void Two_readings_of_one_configuration_are_the_same_checks()
    {
        var now = new TargetTable(Read());
        var changes = TargetChanges.Between(now, Read());
        Assert.Empty(changes.Added);
        Assert.Empty(changes.Removed);
        Assert.Empty(changes.Changed);
    }

    [Fact]
    public void A_check_that_went_and_comes_again_has_the_key_it_had()
    {
        var now = new TargetTable(Read());
        var key = now[3].Key;
        var without = Read().Where((_, i) => i != 3).ToList();
        Assert.Equal(key, Assert.Single(TargetChanges.Between(now, without).Removed).Key);
        now.Leave(3);
        now.Release(3);
        var added = Assert.Single(TargetChanges.Between(now, Read()).Added);
        Assert.Equal((key, 3), (added.Key, now.Add(added).Index));
    }

    [Fact]
    public void Another_name_pace_timeout_or_weight_is_the_same_check_changed()
    {
        var now = new TargetTable(Read());
        var changes = TargetChanges.Between(now, Read().Select((target, i) => i switch
        {
            1 => target with { Name = "another" },
            2 => target with { IntervalNs = 7 },
            4 => target with { TimeoutNs = 7 },
            5 => target with { Weight = 7 },
            _ => target,
        }));
        Assert.Empty(changes.Added);
        Assert.Empty(changes.Removed);
        Assert.Equal([1, 2, 4, 5], changes.Changed.Select(target => target.Index));
    }

    [Fact]
    public void Every_part_of_the_question_and_of_the_way_makes_it_another_check()
    {
        var keys = Read().Select(target => target.Key).ToList();
        Assert.Equal(keys.Count, keys.Distinct().Count());
        Assert.Equal("syn 192.0.2.1:80", keys[0].Text);
        Assert.Equal("http [2001:db8::1]:8080 via ipip:10.0.0.7 host www.example tls on path /healthz expect all well", keys[^1].Text);
    }

    [Fact]
    public void The_same_check_asked_twice_is_one()
    {
        var changes = TargetChanges.Between(new TargetTable(), [.. Read(), .. Read()]);
        Assert.Equal(Read().Count, changes.Added.Count);
    }

    private static List<CheckTarget> Read()
    {
        Assert.True(ExpectedAnswer.TryParse("all well", out var expect, out _));
        Assert.True(EncapsulationText.TryParse("ipip:10.0.0.7", out var tunnel, out _));
        var target = new CheckTarget { Name = "web", Address = IpAddress.Parse("192.0.2.1"), Port = 80 };
        var http = new CheckQuestion { Kind = CheckKind.Http, HttpPath = "/healthz", ServerName = "www.example" };
        return
        [
            target,
            target with { Port = 81 },
            target with { Address = IpAddress.Parse("192.0.2.2") },
            target with { Via = new EncapsulationStack([tunnel]) },
            target with { Question = new CheckQuestion { Expected = ExpectedState.Refused } },
            target with { Question = new CheckQuestion { Kind = CheckKind.Connect } },
            target with { Question = new CheckQuestion { Kind = CheckKind.Icmp } },
            target with { Question = new CheckQuestion { Kind = CheckKind.Udp, Send = "x"u8.ToArray() } },
            target with { Question = new CheckQuestion { Kind = CheckKind.Udp, Send = "x"u8.ToArray(), SilenceIsUp = true } },
            target with { Question = new CheckQuestion { Kind = CheckKind.Udp, Send = "y"u8.ToArray() } },
            target with { Question = http },
            target with { Question = http with { Tls = true } },
            target with { Question = http with { HttpPath = "/" } },
            target with { Question = http with { ServerName = null } },
            target with { Question = http with { ServerName = null }, Host = "web.example" },
            target with { Question = http with { Expect = expect } },
            target with
            {
                Address = IpAddress.Parse("2001:db8::1"), Port = 8080, Via = new EncapsulationStack([tunnel]), Question = http with { Tls = true, Expect = expect },
            },
        ];
    }
}
