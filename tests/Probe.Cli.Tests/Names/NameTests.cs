using System.Net.Sockets;
using Probe.Cli.Names;
using Probe.Cli.Parsing;
using Probe.Core.Packets;

namespace Probe.Cli.Tests.Names;

public class NameTests
{
    private static readonly IpAddress First = IpAddress.Parse("192.0.2.1");
    private static readonly IpAddress Second = IpAddress.Parse("2001:db8::2");
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(60);

    [Fact]
    public void An_address_never_asks_the_resolver() =>
        Assert.Equal(First, TargetResolver.Resolve(new TargetName("192.0.2.1", First, null), Family.V4, new CancellationToken(canceled: true)));

    [Fact]
    public void Localhost_resolves_in_the_family_asked_for()
    {
        var localhost = new TargetName("localhost", default, null);

        Assert.Equal(IpAddress.Parse("127.0.0.1"), TargetResolver.Resolve(localhost, Family.V4, CancellationToken.None));
    }

    [Fact]
    public void A_name_that_does_not_resolve_is_one_line_and_exit_3()
    {
        // RFC 6761: .invalid never exists.
        var error = Assert.ThrowsAny<UserError>(() => TargetResolver.Resolve(new TargetName("no-such.invalid", default, null), Family.Any, CancellationToken.None));

        Assert.Equal(ExitStatus.CannotRun, error.Status);
        Assert.StartsWith("cannot resolve no-such.invalid: ", error.Message, StringComparison.Ordinal);
        Assert.Contains("use an address", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void One_silent_resolver_keeps_no_other_name_waiting()
    {
        using var hold = new ManualResetEventSlim();
        using var names = new ManyNames([Name("slow.example"), Name("a.example"), Name("a.example"), Name("b.example")], Family.Any, (name, _) =>
        {
            if (name.Text == "slow.example")
            {
                hold.Wait();
                return (default, SocketError.TryAgain);
            }

            return (First, null);
        });
        var answers = new List<NameAnswer>();
        Take(answers, 2);
        Assert.Equal(["a.example", "b.example"], answers.Select(answer => answer.Name).Order(StringComparer.Ordinal));
        Assert.All(answers, answer => Assert.Equal((First, null), (answer.Address, answer.Failure)));
        Assert.Equal(1, names.Left);
        Assert.False(names.TryTake(out _));

        using var woken = new ManualResetEventSlim();
        names.WakeBy(woken.Set);
        hold.Set();
        Assert.True(woken.Wait(Long));
        Take(answers, 3);
        Assert.True(answers[^1].NoResolver);

        void Take(List<NameAnswer> to, int count)
        {
            var begun = Environment.TickCount64;
            while (to.Count < count)
            {
                Assert.True(Environment.TickCount64 - begun < Long.TotalMilliseconds);
                if (names.TryTake(out var answer))
                {
                    to.Add(answer);
                }
                else
                {
                    names.Wait(CancellationToken.None);
                }
            }
        }
    }

    [Fact]
    public void An_interrupted_resolution_ends_at_once()
    {
        using var hold = new ManualResetEventSlim();
        Assert.ThrowsAny<OperationCanceledException>(() => Blocking.Run(() => { hold.Wait(); return 1; }, new CancellationToken(canceled: true)));
        hold.Set();
    }

    [Fact]
    public void Names_come_while_the_asker_does_other_things()
    {
        using var answers = new ManualResetEventSlim();
        using var names = new ReverseNames(address => { answers.Wait(); return address == First ? "one.example" : null; });
        names.Ask(First);
        names.Ask(Second);
        names.Ask(First);

        Assert.Null(names.NameOf(First));
        Assert.False(names.Wait(TimeSpan.Zero, CancellationToken.None));
        answers.Set();
        Assert.True(names.Wait(Long, CancellationToken.None));
        Assert.Equal("one.example", names.NameOf(First));
        Assert.Null(names.NameOf(Second));
    }

    [Fact]
    public void A_silent_resolver_never_takes_more_than_its_few_threads()
    {
        using var hold = new ManualResetEventSlim();
        var (now, most) = (0, 0);
        using var names = new ReverseNames(_ =>
        {
            most = Math.Max(most, Interlocked.Increment(ref now));
            hold.Wait();
            Interlocked.Decrement(ref now);
            return null;
        });
        for (uint i = 0; i < 200; i++)
        {
            names.Ask(IpAddress.FromV4(0xc0000200 + i));
        }

        Assert.False(names.Wait(TimeSpan.FromMilliseconds(200), CancellationToken.None));
        hold.Set();
        Assert.True(names.Wait(Long, CancellationToken.None));
        Assert.InRange(most, 1, 8);
    }

    [Fact]
    public void The_systems_resolver_knows_the_loopback_address()
    {
        using var names = new ReverseNames();
        names.Ask(IpAddress.Parse("127.0.0.1"));

        Assert.True(names.Wait(Long, CancellationToken.None));
        Assert.Equal("localhost", names.NameOf(IpAddress.Parse("127.0.0.1")));
    }

    private static TargetName Name(string text) => new(text, default, null);
}
