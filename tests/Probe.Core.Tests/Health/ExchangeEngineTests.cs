using System.Net.Security;
using System.Net.Sockets;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Security.Cryptography;
using System.Text;
using Probe.Core.Health;
using Probe.Core.Packets;
using Probe.Core.Vocabulary;

namespace Probe.Core.Tests.Health;

/// <summary>Checks by an exchange of messages, against real servers of this process.</summary>
public sealed class ExchangeEngineTests : ICheckSink, IDisposable
{
    private const long Second = 1_000_000_000;

    private readonly List<CheckOutcome> _outcomes = [];
    private readonly List<TcpListener> _listeners = [];

    void ICheckSink.Done(in CheckOutcome outcome) => _outcomes.Add(outcome);

    public void Dispose() => _listeners.ForEach(listener => listener.Dispose());

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("::1")]
    public void A_server_that_accepts_is_up(string address)
    {
        var outcome = Check(CheckKind.Connect, Serve(_ => { }, address), new CheckQuestion(), address: address);

        Assert.Equal((CheckEnd.Answered, null), (outcome.End, outcome.FailedIn));
        Assert.InRange(outcome.ConnectNs, 1, 5 * Second);
        Assert.Equal(outcome.ConnectNs, outcome.RttNs);
        Assert.Equal(-1, outcome.TlsNs);
    }

    [Fact]
    public void A_closed_port_refuses()
    {
        var outcome = Check(CheckKind.Connect, ClosedPort(), new CheckQuestion());

        Assert.Equal((CheckEnd.Refused, CheckPhase.Connect), (outcome.End, outcome.FailedIn));
    }

    [Theory]
    [InlineData("service.example")]
    [InlineData(null)]
    public void A_handshake_names_the_server_and_is_timed(string? name)
    {
        string? asked = "";
        using var known = new ManualResetEventSlim();
        var port = Serve(stream =>
        {
            Handshake(stream, out asked);
            known.Set();
        });
        var outcome = Check(CheckKind.Tls, port, new CheckQuestion { Tls = true, ServerName = name });

        Assert.Equal((CheckEnd.Answered, null), (outcome.End, outcome.FailedIn));
        Assert.InRange(outcome.TlsNs, 1, 20 * Second);

        // The client may be done first.
        Assert.True(known.Wait(TimeSpan.FromSeconds(60)));
        Assert.Equal(name ?? "", asked);
    }

    [Fact]
    public void A_reset_after_the_ClientHello_is_no_refused_connection()
    {
        var port = Serve(stream =>
        {
            stream.ReadByte();
            Reset(stream.Socket);
        });
        var outcome = Check(CheckKind.Tls, port, new CheckQuestion { Tls = true });

        Assert.Equal((CheckEnd.Reset, CheckPhase.Tls), (outcome.End, outcome.FailedIn));
        Assert.True(outcome.ConnectNs > 0);
    }

    [Fact]
    public void A_server_that_speaks_no_TLS_is_a_mismatch()
    {
        var outcome = Check(CheckKind.Tls, Serve(stream => Write(stream, "SSH-2.0-x\r\n")), new CheckQuestion { Tls = true });

        Assert.Equal((CheckEnd.Mismatch, CheckPhase.Tls), (outcome.End, outcome.FailedIn));
    }

    [Fact]
    public void A_server_that_is_silent_in_the_handshake_times_out_there()
    {
        using var hold = new ManualResetEventSlim();
        var outcome = Check(CheckKind.Tls, Serve(_ => hold.Wait()), new CheckQuestion { Tls = true }, timeoutNs: Second / 5);
        hold.Set();

        Assert.True(outcome.End is CheckEnd.TimedOut or CheckEnd.Late, $"{outcome.End}");
        Assert.Equal(CheckPhase.Tls, outcome.FailedIn);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\n\r\nhello", CheckEnd.Answered, 200)]
    [InlineData("HTTP/1.0 302 Found\r\n\r\n", CheckEnd.Answered, 302)]
    [InlineData("HTTP/1.1 503 Busy\r\n\r\n", CheckEnd.Mismatch, 503)]
    [InlineData("HTTP/1.1 404 Not Found\r\n\r\n", CheckEnd.Mismatch, 404)]
    [InlineData("220 mail ESMTP\r\n", CheckEnd.Mismatch, 0)]
    [InlineData("HTTP/1.1", CheckEnd.Mismatch, 0)]
    [InlineData("", CheckEnd.Mismatch, 0)]
    public void An_http_server_is_judged_by_its_status(string answer, CheckEnd end, int status)
    {
        var request = "";
        var port = Serve(stream =>
        {
            request = ReadUntil(stream, "\r\n\r\n");
            Write(stream, answer);
        });
        var outcome = Check(CheckKind.Http, port, new CheckQuestion { HttpPath = "/healthz", ServerName = "www.example" });

        Assert.Equal((end, status), (outcome.End, outcome.HttpStatus));
        Assert.Equal(end == CheckEnd.Answered ? null : CheckPhase.FirstByte, outcome.FailedIn);
        Assert.Equal(answer.Length > 0, outcome.FirstByteNs > 0);
        Assert.StartsWith("GET /healthz HTTP/1.1\r\n", request, StringComparison.Ordinal);
        Assert.Contains($"\r\nHost: www.example:{port}\r\n", request, StringComparison.Ordinal);
    }

    [Fact]
    public void Http_inside_TLS()
    {
        var port = Serve(stream =>
        {
            using var tls = Handshake(stream, out _);
            ReadUntil(tls, "\r\n\r\n");
            Write(tls, "HTTP/1.1 200 OK\r\n\r\nall well");
        });
        Assert.True(ExpectedAnswer.TryParse("all well", out var expect, out _));
        var outcome = Check(CheckKind.Http, port, new CheckQuestion { Tls = true, Expect = expect });

        Assert.Equal((CheckEnd.Answered, 200), (outcome.End, outcome.HttpStatus));
        Assert.True(outcome is { ConnectNs: > 0, TlsNs: > 0, FirstByteNs: > 0 });
    }

    [Theory]
    [InlineData("PING\\r\\n", "+PONG", "+PONG\r\n", CheckEnd.Answered)]
    [InlineData("PING\\r\\n", "re:^\\+P.NG\\r", "+PONG\r\n", CheckEnd.Answered)]
    [InlineData("PING\\r\\n", "\\x2bPONG", "+PO|NG\r\n", CheckEnd.Answered)]
    [InlineData("PING\\r\\n", "+PONG", "-ERR\r\n", CheckEnd.Mismatch)]
    [InlineData("PING\\r\\n", null, "anything", CheckEnd.Answered)]
    [InlineData("PING\\r\\n", "+PONG", "", CheckEnd.Mismatch)]
    public void What_is_said_and_what_is_expected(string send, string? expect, string answer, CheckEnd end)
    {
        var heard = "";
        var port = Serve(stream =>
        {
            heard = ReadUntil(stream, "\r\n");
            foreach (var part in answer.Split('|'))
            {
                Write(stream, part);
                Thread.Sleep(20);
            }
        });
        ExpectedAnswer? expected = null;
        Assert.True(expect is null || ExpectedAnswer.TryParse(expect, out expected, out _));
        Assert.True(ExpectedAnswer.TryReadOctets(send, out var octets, out _));
        var outcome = Check(CheckKind.SendExpect, port, new CheckQuestion { Send = octets, Expect = expected });

        Assert.Equal(end, outcome.End);
        Assert.Equal("PING\r\n", heard);
    }

    [Fact]
    public void A_reset_instead_of_an_answer()
    {
        var port = Serve(stream =>
        {
            ReadUntil(stream, "\n");
            Reset(stream.Socket);
        });
        var outcome = Check(CheckKind.SendExpect, port, new CheckQuestion { Send = "x\n"u8.ToArray() });

        Assert.Equal((CheckEnd.Reset, CheckPhase.FirstByte), (outcome.End, outcome.FailedIn));
    }

    [Theory]
    [InlineData("pong", CheckEnd.Answered)]
    [InlineData("other", CheckEnd.Mismatch)]
    public void A_UDP_server_that_answers(string expect, CheckEnd end)
    {
        using var server = new UdpClient(new IPEndPoint(IPAddress.Loopback, 0));
        _ = Task.Run(() =>
        {
            var from = new IPEndPoint(IPAddress.Any, 0);
            server.Receive(ref from);
            server.Send("pong"u8, from);
        });
        Assert.True(ExpectedAnswer.TryParse(expect, out var expected, out _));
        var outcome = Check(CheckKind.Udp, ((IPEndPoint)server.Client.LocalEndPoint!).Port, new CheckQuestion { Send = "ping"u8.ToArray(), Expect = expected });

        Assert.Equal(end, outcome.End);
        Assert.InRange(outcome.RttNs, 1, 5 * Second);
    }

    [Theory]
    [InlineData(false, CheckEnd.TimedOut)]
    [InlineData(true, CheckEnd.Answered)]
    public void A_silent_UDP_server_is_up_only_where_silence_was_asked_for(bool silenceIsUp, CheckEnd end)
    {
        using var server = new UdpClient(new IPEndPoint(IPAddress.Loopback, 0));
        var outcome = Check(CheckKind.Udp, ((IPEndPoint)server.Client.LocalEndPoint!).Port, new CheckQuestion { SilenceIsUp = silenceIsUp }, timeoutNs: Second / 5);

        Assert.True(outcome.End == end || outcome.End == CheckEnd.Late, $"{outcome.End}");
        Assert.Equal(-1, outcome.RttNs);
    }

    [Fact]
    public void A_closed_UDP_port_answers_by_ICMP_with_its_sender()
    {
        using var server = new UdpClient(new IPEndPoint(IPAddress.Loopback, 0));
        var port = ((IPEndPoint)server.Client.LocalEndPoint!).Port;
        server.Close();
        var outcome = Check(CheckKind.Udp, port, new CheckQuestion { SilenceIsUp = true });

        Assert.Equal((CheckEnd.IcmpError, 3, 3, "127.0.0.1"), (outcome.End, outcome.IcmpType, outcome.IcmpCode, outcome.IcmpFrom.ToString()));
    }

    [RequiresRootTheory]
    [InlineData("127.0.0.1")]
    [InlineData("::1")]
    public void This_host_answers_an_echo_request(string address)
    {
        var outcome = Check(CheckKind.Icmp, 0, new CheckQuestion(), address: address);

        Assert.Equal(CheckEnd.Answered, outcome.End);
        Assert.InRange(outcome.RttNs, 1, 5 * Second);
    }

    [Fact]
    public void Many_at_once_each_get_their_own_outcome()
    {
        var port = Serve(stream => Write(stream, ReadUntil(stream, "\n")), connections: 200);
        var closed = ClosedPort();
        using var engine = new ExchangeEngine(new CheckEngineOptions(new()));
        var targets = Enumerable.Range(0, 200).Select(i => Target(new CheckQuestion { Kind = CheckKind.SendExpect, Send = "hello\n"u8.ToArray() }, i % 2 == 0 ? port : closed, "127.0.0.1", 20 * Second) with { Index = i }).ToList();
        new CheckLoop(engine, targets, new CheckPace { InFlight = 50, MaxPerTargetPerSecond = int.MaxValue }, Seed.Value).Run(this, long.MaxValue, CancellationToken.None);

        Assert.Equal(200, _outcomes.Select(outcome => outcome.Target).Distinct().Count());
        Assert.All(_outcomes, outcome => Assert.Equal(outcome.Target % 2 == 0 ? CheckEnd.Answered : CheckEnd.Refused, outcome.End));
    }

    [Theory]
    [InlineData("a\\q", "escape")]
    [InlineData("\\x2", "escape")]
    [InlineData("re:(", "regular expression")]
    public void What_cannot_be_read_is_refused(string text, string says)
    {
        Assert.False(ExpectedAnswer.TryParse(text, out _, out var why));
        Assert.Contains(says, why, StringComparison.Ordinal);
    }

    private static CheckTarget Target(CheckQuestion question, int port, string address, long timeoutNs) =>
        new() { Index = 0, Name = "x", Address = IpAddress.Parse(address), Port = (ushort)port, Question = question, TimeoutNs = timeoutNs };

    private static SslStream Handshake(Stream stream, out string? asked)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=test", key, HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        var tls = new SslStream(stream, leaveInnerStreamOpen: true);
        tls.AuthenticateAsServer(certificate);
        asked = tls.TargetHostName;
        return tls;
    }

    private static int ClosedPort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    // Disposing a stream says FIN first.
    private static void Reset(Socket socket)
    {
        socket.LingerState = new LingerOption(true, 0);
        socket.Close();
    }

    private static void Write(Stream stream, string text) => stream.Write(Encoding.ASCII.GetBytes(text));

    private static string ReadUntil(Stream stream, string until)
    {
        var heard = new StringBuilder();
        while (!heard.ToString().EndsWith(until, StringComparison.Ordinal) && stream.ReadByte() is >= 0 and var octet)
        {
            heard.Append((char)octet);
        }

        return heard.ToString();
    }

    private int Serve(Action<NetworkStream> serve, string address = "127.0.0.1", int connections = 1)
    {
        var listener = new TcpListener(IPAddress.Parse(address), 0);
        listener.Start(512);
        _listeners.Add(listener);
        for (var i = 0; i < Math.Min(connections, 8); i++)
        {
            new Thread(() =>
            {
                for (var n = 0; n < Math.Max(1, connections); n++)
                {
                    try
                    {
                        using var client = listener.AcceptTcpClient();
                        serve(client.GetStream());
                    }
                    catch (Exception e) when (e is SocketException or IOException or InvalidOperationException)
                    {
                        // The test is over, or the client went away.
                        return;
                    }
                }
            }) { IsBackground = true }.Start();
        }

        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private CheckOutcome Check(CheckKind kind, int port, CheckQuestion question, string address = "127.0.0.1", long timeoutNs = 20 * Second)
    {
        using var engine = new ExchangeEngine(new CheckEngineOptions(new()), kind);
        new CheckLoop(engine, [Target(question with { Kind = kind }, port, address, timeoutNs)], new CheckPace(), Seed.Value).Run(this, long.MaxValue, CancellationToken.None);
        return Assert.Single(_outcomes);
    }

    private sealed class RequiresRootTheoryAttribute : TheoryAttribute
    {
        public RequiresRootTheoryAttribute() => Skip = Environment.IsPrivilegedProcess ? null : "needs root";
    }
}
