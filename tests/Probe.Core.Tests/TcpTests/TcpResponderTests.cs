using System.Net.Sockets;
using System.Net;
using System.Text;
using Probe.Core.Packets;
using Probe.Core.TcpTests;
using Probe.Core.Vocabulary;

namespace Probe.Core.Tests.TcpTests;

public sealed class TcpResponderTests : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly TcpResponder _responder = new(0);
    private readonly Thread _thread;

    public TcpResponderTests()
    {
        _thread = new Thread(() => _responder.Run(_stop.Token)) { IsBackground = true };
        _thread.Start();
    }

    public void Dispose()
    {
        _stop.Cancel();
        Assert.True(_thread.Join(TimeSpan.FromSeconds(30)), "the responder does not stop");
        _responder.Dispose();
        _stop.Dispose();
    }

    [Fact]
    public void It_sends_what_it_is_asked_for_and_its_own_account()
    {
        var down = TcpTransfer.Download(Options(_responder.Port));
        Assert.True(SpinWait.SpinUntil(() => _responder.Transfers == 3, TimeSpan.FromSeconds(20)), $"{_responder.Transfers} transfers");
        Assert.All(down.Pacings, pacing => Assert.Equal((TcpEnd.Done, 32_000, 32_000), (pacing.End, pacing.Octets, pacing.Acknowledged)));
        Assert.True(down.Pacings[0].SynMss > 1000, $"{down.Pacings[0].SynMss}");

        // Loopback carries all of it in one segment.
        Assert.Equal((TcpTransferVerdict.CannotTell, "too few segments went out spaced: 1 of at least 4; the connection was acknowledged"), (down.Verdict, down.Reason));
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\nHost: x\r\n\r\n")]
    [InlineData("probe-transfer 1 bulk 32001\n")]
    [InlineData("probe-transfer 1 bulk 99999999999\n")]
    public void A_stranger_hears_nothing_and_hinders_nobody(string said)
    {
        using var stranger = new TcpClient();
        stranger.Connect(IPAddress.Loopback, _responder.Port);
        stranger.GetStream().Write(Encoding.ASCII.GetBytes(said));
        Assert.Equal(TcpEnd.Done, TcpTransfer.Upload(Options(_responder.Port)).Pacings[0].End);
        TcpTransfer.Download(Options(_responder.Port));
        Assert.True(SpinWait.SpinUntil(() => _responder.Transfers == 3, TimeSpan.FromSeconds(20)), $"{_responder.Transfers} transfers");
        Assert.False(stranger.Client.Poll(0, SelectMode.SelectRead), "the stranger was answered");
    }

    [Fact]
    public void A_service_that_is_no_responder_is_told_so()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var echo = new Thread(() =>
        {
            for (var i = 0; i < 3; i++)
            {
                using var client = listener.AcceptTcpClient();
                client.GetStream().Write("HTTP/1.1 400 Bad Request\r\n\r\n"u8);
            }
        });
        echo.Start();
        var down = TcpTransfer.Download(Options(((IPEndPoint)listener.LocalEndpoint).Port));
        echo.Join();
        Assert.Equal(TcpTransferVerdict.CannotTell, down.Verdict);
        Assert.StartsWith("no report came", down.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_far_end_that_never_stops_sending_is_left()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var flood = new Thread(() =>
        {
            var octets = new byte[64 * 1024];
            for (var i = 0; i < 3; i++)
            {
                using var client = listener.AcceptTcpClient();
                try
                {
                    while (true)
                    {
                        client.GetStream().Write(octets);
                    }
                }
                catch (IOException)
                {
                    // What is waited for: the other side closed.
                    continue;
                }
            }
        });
        flood.Start();
        var down = TcpTransfer.Download(Options(((IPEndPoint)listener.LocalEndpoint).Port));
        Assert.True(flood.Join(TimeSpan.FromSeconds(20)), "the connections were not closed");
        Assert.Equal((TcpTransferVerdict.CannotTell, TcpEnd.Flooded), (down.Verdict, down.Pacings[0].End));
    }

    [Fact]
    public void A_guest_that_sends_more_than_any_test_is_shown_out()
    {
        using var stranger = new TcpClient();
        stranger.Connect(IPAddress.Loopback, _responder.Port);
        stranger.SendTimeout = 20_000;
        var octets = new byte[64 * 1024];
        Assert.Throws<IOException>(new Action(() =>
        {
            // Far more than both sides' buffers hold.
            for (var i = 0; i < 10_000; i++)
            {
                stranger.GetStream().Write(octets);
            }
        }));
    }

    private static TcpTestOptions Options(int port) => new() { To = new(new()) { Target = IpAddress.Parse("127.0.0.1"), Port = (ushort)port }, Payload = TcpPayload.Zeros };
}
