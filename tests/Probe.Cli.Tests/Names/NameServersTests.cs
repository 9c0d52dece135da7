using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Probe.Cli.Names;

namespace Probe.Cli.Tests.Names;

public class NameServersTests
{
    private const int ServerFailure = 2;
    private const int Refused = 5;

    // For servers that answer at once.
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(60);

    // For servers that are silent, beside others that have to answer within it.
    private static readonly TimeSpan Short = TimeSpan.FromSeconds(2);

    [Fact]
    public void A_name_has_its_texts_or_certainly_none()
    {
        using var server = new FakeNameServer();
        server.Texts["x.example"] = ["one", "two", ""];
        server.Texts["empty.example"] = [];
        var asker = new NameServers([server.Address], Long);

        Assert.Equal(["one", "two", ""], asker.TextsOf("x.example"));
        Assert.Equal([], asker.TextsOf("empty.example"));
        Assert.Equal([], asker.TextsOf("no-such.example"));
        Assert.Equal(["x.example", "empty.example", "no-such.example"], server.Asked);
    }

    [Theory]
    [InlineData(ServerFailure)]
    [InlineData(Refused)]
    public void The_next_server_is_asked_where_one_fails(int code)
    {
        using var failing = new FakeNameServer { Code = code };
        using var knowing = new FakeNameServer();
        knowing.Texts["x.example"] = ["one"];

        Assert.Equal(["one"], new NameServers([failing.Address, knowing.Address], Long).TextsOf("x.example"));
        Assert.Equal(["x.example"], failing.Asked);
        Assert.Null(new NameServers([failing.Address], Long).TextsOf("y.example"));
    }

    [Fact]
    public void No_such_name_is_an_answer_that_no_other_server_is_asked_for()
    {
        using var first = new FakeNameServer();
        using var second = new FakeNameServer();
        second.Texts["x.example"] = ["of another view"];

        Assert.Equal([], new NameServers([first.Address, second.Address], Long).TextsOf("x.example"));
        Assert.Empty(second.Asked);
    }

    [Fact]
    public void A_silent_server_costs_its_time_once()
    {
        using var silent = new FakeNameServer { IsSilent = true };
        using var knowing = new FakeNameServer();
        knowing.Texts["x.example"] = ["one"];
        var asker = new NameServers([silent.Address, knowing.Address], Short);

        Assert.Equal(["one"], asker.TextsOf("x.example"));
        Assert.Equal(["one"], asker.TextsOf("x.example"));
        Assert.Equal(["x.example"], silent.Asked);
    }

    [Fact]
    public void Where_nobody_answers_the_time_is_bounded()
    {
        using var silent = new FakeNameServer { IsSilent = true };
        var begun = Stopwatch.GetTimestamp();

        Assert.Null(new NameServers([silent.Address, Closed()], TimeSpan.FromMilliseconds(100)).TextsOf("x.example"));
        Assert.Equal(2, silent.Asked.Count);

        // Four times 100 ms, and room for a busy machine.
        Assert.InRange(Stopwatch.GetElapsedTime(begun), TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(30));
    }

    [Fact]
    public void What_is_too_large_for_a_datagram_comes_by_tcp_in_one_piece()
    {
        using var server = new FakeNameServer();
        var large = string.Concat(Enumerable.Range(0, 900).Select(i => $"{i},"));
        server.Texts["large.example"] = [large, "second"];
        server.Texts["medium.example"] = [new string('m', 1000)];
        var asker = new NameServers([server.Address], Long);

        Assert.Equal([large, "second"], asker.TextsOf("large.example"));

        // More than 512 octets are no reason: the question says how much may come (EDNS).
        Assert.Equal([new string('m', 1000)], asker.TextsOf("medium.example"));
        Assert.Equal(["large.example", "tcp:large.example", "medium.example"], server.Asked);
    }

    [Fact]
    public void A_server_that_takes_no_connection_fails_and_the_next_is_asked()
    {
        using var datagrams = new UdpClient(new IPEndPoint(IPAddress.Loopback, 0));
        var answers = new Thread(() => TruncateAll(datagrams)) { IsBackground = true };
        answers.Start();
        using var knowing = new FakeNameServer();
        knowing.Texts["x.example"] = ["one"];

        Assert.Equal(["one"], new NameServers([(IPEndPoint)datagrams.Client.LocalEndPoint!, knowing.Address], Short).TextsOf("x.example"));
    }

    [Fact]
    public void A_server_without_extensions_is_asked_without()
    {
        using var server = new FakeNameServer { IsOld = true };
        server.Texts["x.example"] = ["one"];
        server.Texts["large.example"] = [new string('l', 600)];
        var asker = new NameServers([server.Address], Long);

        Assert.Equal(["one"], asker.TextsOf("x.example"));
        Assert.Equal([new string('l', 600)], asker.TextsOf("large.example"));
        Assert.Equal(["x.example", "x.example", "large.example", "large.example", "tcp:large.example"], server.Asked);
    }

    [Theory]
    [InlineData(0)] // its number
    [InlineData(13)] // its name
    [InlineData(24)] // its type
    public void An_answer_to_another_question_is_passed_over(int octet)
    {
        using var server = new FakeNameServer
        {
            Damage = (answer, count) =>
            {
                answer[octet] ^= count == 1 ? (byte)1 : (byte)0;
                return answer;
            },
        };
        server.Texts["x.example"] = ["one"];

        Assert.Equal(["one"], new NameServers([server.Address], Long).TextsOf("x.example"));
        Assert.Equal(2, server.Asked.Count);
    }

    [Theory]
    [InlineData(50)] // NSEC3, at which the library fails with a null reference
    [InlineData(46)] // RRSIG
    [InlineData(6)] // SOA
    [InlineData(64)] // SVCB
    public void A_damaged_record_of_another_type_is_no_answer_or_none_of_texts(byte type)
    {
        using var damaged = new FakeNameServer
        {
            Damage = (answer, _) =>
            {
                // Behind it: class, time and length of the record; its two strings; the extensions.
                answer[^(1 + 8 + 302 + 11)] = type;
                return answer;
            },
        };
        damaged.Texts["x.example"] = ["text", new string('y', 300)];

        Assert.NotEqual(2, new NameServers([damaged.Address], Long).TextsOf("x.example")?.Count);
    }

    [Fact]
    public void Any_octets_are_read_without_a_fault()
    {
        var random = new Random(Seed.Value);
        using var server = new FakeNameServer
        {
            Damage = (answer, _) =>
            {
                // By both ways at once, where a damaged answer says that it is truncated.
                lock (random)
                {
                    for (var n = random.Next(4); n >= 0; n--)
                    {
                        // The number stays: without it nothing behind it is read.
                        answer[random.Next(2, answer.Length)] = (byte)random.Next(256);
                    }

                    return answer[..random.Next(random.Next(4) == 0 ? 0 : answer.Length, answer.Length + 1)];
                }
            },
        };
        server.Texts["a.b.example"] = ["text", new string('y', 300)];
        var asker = new NameServers([server.Address], TimeSpan.FromMilliseconds(20));
        var answered = 0;
        for (var i = 0; i < 2000; i++)
        {
            answered += asker.TextsOf("a.b.example") is null ? 0 : 1;
        }

        Assert.InRange(answered, 100, 1999);
    }

    [Fact]
    public void Servers_come_from_resolv_conf()
    {
        Assert.Equal("192.0.2.1:53 [2001:db8::1]:53 192.0.2.3:53", Text(
            ["# comment", "search example", "nameserver 192.0.2.1", "nameserver\t2001:db8::1", "nameserver wrong", "nameserver 192.0.2.3", "nameserver 192.0.2.4"]));
        Assert.Equal("127.0.0.1:53", Text([]));
        Assert.Equal("127.0.0.1:53 [::1]:53", Text(["nameserver 0.0.0.0", "nameserver ::"]));
    }

    private static string Text(string[] lines) => string.Join(' ', NameServers.ServersOf(lines));

    private static IPEndPoint Closed()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return (IPEndPoint)socket.LocalEndPoint!;
    }

    private static void TruncateAll(UdpClient server)
    {
        try
        {
            while (true)
            {
                var from = new IPEndPoint(IPAddress.Any, 0);
                var answer = server.Receive(ref from);
                (answer[2], answer[3]) = (0x83, 0x80);
                server.Send(answer, from);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Disposed.
        }
    }
}
