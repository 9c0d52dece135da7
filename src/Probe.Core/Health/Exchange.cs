using System.Diagnostics;
using System.Net.Security;
using System.Net.Sockets;
using System.Net;
using System.Security.Authentication;
using System.Text;
using Probe.Core.Linux.Sockets;
using Probe.Core.Linux;
using Probe.Core.Vocabulary;

namespace Probe.Core.Health;

/// <summary>
/// One check by an exchange of messages: connects, sends a request, reads the answer; with the time each part took and the part that
/// failed.
/// </summary>
internal sealed class Exchange(CheckTarget target, int attempt, CheckEngineOptions options)
{
    // Longest answer that is searched for what is expected.
    private const int LongestAnswer = 64 * 1024;

    // A timer that comes this much too late was held up in this process.
    private const long LeastHoldUpNs = 20_000_000;

    private readonly CheckQuestion _question = target.Question;
    private readonly long _startedNs = Clock.Monotonic;
    private CheckPhase _phase = CheckPhase.Connect;
    private long _phaseBeganNs = Clock.Monotonic;
    private long _connectNs = -1;
    private long _tlsNs = -1;
    private long _firstByteNs = -1;
    private long _rttNs = -1;
    private int _httpStatus;
    private bool _synchronous = true;
    private bool _connecting;
    private CancellationToken _stop;

    /// <summary>Makes it; null when it was given up.</summary>
    /// <param name="stop">Gives it up.</param>
    public async Task<CheckOutcome?> Run(CancellationToken stop)
    {
        _stop = stop;
        Socket? socket = null;
        try
        {
            socket = ExchangeSocket.Open(target, options);
            return await Exchanges(socket).ConfigureAwait(false) ? Outcome(CheckEnd.Answered) : Outcome(CheckEnd.Mismatch);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return null;
        }
        catch (OperationCanceledException)
        {
            return TimedOut();
        }
        catch (AuthenticationException)
        {
            // An alert, or a certificate that cannot be read: it answers, but not as it should.
            return Outcome(CheckEnd.Mismatch);
        }
        catch (Exception e) when (e is SocketException or IOException)
        {
            return Failed(e as SocketException ?? e.InnerException as SocketException, socket);
        }
        finally
        {
            socket?.Dispose();
        }
    }

    /// <summary>False when the peer says something else than expected.</summary>
    private async Task<bool> Exchanges(Socket socket)
    {
        using var timer = CancellationTokenSource.CreateLinkedTokenSource(_stop);
        Begin(CheckPhase.Connect, timer);
        _connecting = true;
        if (target.Kind is CheckKind.Udp or CheckKind.Icmp)
        {
            // Connecting a datagram socket only looks the route up.
            socket.Connect(EndPoint);
            _synchronous = _connecting = false;
            return await (target.Kind == CheckKind.Udp ? AskByDatagram(socket, timer) : AskForEcho(socket, timer)).ConfigureAwait(false);
        }

        var connecting = socket.ConnectAsync(EndPoint, timer.Token);
        _synchronous = connecting.IsCompleted;
        await connecting.ConfigureAwait(false);
        _connectNs = _rttNs = SincePhase;
        _synchronous = _connecting = false;
        var stream = (Stream)new NetworkStream(socket, ownsSocket: false);
        await using var _ = stream.ConfigureAwait(false);
        if (!_question.Tls)
        {
            return await Ask(stream, timer).ConfigureAwait(false);
        }

        Begin(CheckPhase.Tls, timer);
        var tls = new SslStream(stream, leaveInnerStreamOpen: true);
        await using var __ = tls.ConfigureAwait(false);
        await tls.AuthenticateAsClientAsync(HandshakeOptions, timer.Token).ConfigureAwait(false);
        _tlsNs = SincePhase;
        return await Ask(tls, timer).ConfigureAwait(false);
    }

    private IPEndPoint EndPoint
    {
        get
        {
            var address = target.Address.ToIPAddress();
            if (SocketCalls.Scope(target.Address, options.Interface) is var scope and not 0)
            {
                address.ScopeId = scope;
            }

            return new IPEndPoint(address, target.Port);
        }
    }

    private string HostName => _question.ServerName ?? target.Host ?? target.Address.ToString();

    private SslClientAuthenticationOptions HandshakeOptions => new()
    {
        TargetHost = HostName,
        // A backend's certificate seldom names the address by which a checker reaches it; that the handshake ends is what is asked.
#pragma warning disable CA5359, MA0039
        RemoteCertificateValidationCallback = (_, _, _, _) => true,
#pragma warning restore CA5359, MA0039
    };

    private async Task<bool> Ask(Stream stream, CancellationTokenSource timer)
    {
        if (target.Kind is CheckKind.Connect or CheckKind.Tls)
        {
            return true;
        }

        var request = target.Kind switch
        {
            CheckKind.Http => Encoding.ASCII.GetBytes(
                $"GET {_question.HttpPath} HTTP/1.1\r\nHost: {HttpHost}\r\nUser-Agent: probe\r\nAccept: */*\r\nConnection: close\r\n\r\n"),
            CheckKind.SendExpect => _question.Send,
            _ => throw new UnreachableException($"nobody said what {target.Kind} asks"),
        };
        Begin(CheckPhase.FirstByte, timer);
        if (!request.IsEmpty)
        {
            await stream.WriteAsync(request, timer.Token).ConfigureAwait(false);
        }

        return await Read(stream, timer).ConfigureAwait(false);
    }

    private string HttpHost
    {
        get
        {
            var name = HostName.Contains(':', StringComparison.Ordinal) ? $"[{HostName}]" : HostName;
            return target.Port == (_question.Tls ? 443 : 80) ? name : $"{name}:{target.Port}";
        }
    }

    private async Task<bool> Read(Stream stream, CancellationTokenSource timer)
    {
        var answer = new byte[LongestAnswer];
        var length = 0;
        while (length < answer.Length)
        {
            int count;
            try
            {
                count = await stream.ReadAsync(answer.AsMemory(length), timer.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (length > 0 && !_stop.IsCancellationRequested && !IsHeldUp)
            {
                // It answered, and not what was expected.
                return false;
            }

            if (_firstByteNs < 0 && count > 0)
            {
                _firstByteNs = SincePhase;
            }

            length += count;
            if (IsExpected(answer.AsSpan(0, length), ended: count == 0 || length == answer.Length) is { } verdict)
            {
                return verdict;
            }
        }

        return false;
    }

    // Null while more must be heard.
    private bool? IsExpected(ReadOnlySpan<byte> answer, bool ended)
    {
        if (target.Kind == CheckKind.Http)
        {
            _httpStatus = HttpStatusOf(answer);
            if (_httpStatus is < 200 or >= 400)
            {
                return ended || _httpStatus >= 400 || !LooksLikeHttp(answer) ? false : null;
            }
        }

        if (_question.Expect is { } expected)
        {
            return expected.IsIn(answer) ? true : ended ? false : null;
        }

        return !answer.IsEmpty;
    }

    // "HTTP/1.1 200 …" (RFC 9112 section 4).
    private static int HttpStatusOf(ReadOnlySpan<byte> answer) =>
        answer.Length >= 12 && answer.StartsWith("HTTP/1."u8) && answer[8] == ' ' && int.TryParse(answer[9..12], out var status)
            ? status : 0;

    private static bool LooksLikeHttp(ReadOnlySpan<byte> answer) => "HTTP/1."u8.StartsWith(answer[..Math.Min(answer.Length, 7)]);

    private async Task<bool> AskByDatagram(Socket socket, CancellationTokenSource timer)
    {
        await socket.SendAsync(_question.Send, timer.Token).ConfigureAwait(false);
        var answer = new byte[LongestAnswer];
        try
        {
            var count = await socket.ReceiveAsync(answer, timer.Token).ConfigureAwait(false);
            _rttNs = _connectNs = SincePhase;
            return _question.IsAnsweredBy(answer.AsSpan(0, count));
        }
        catch (OperationCanceledException) when (_question.SilenceIsUp && !IsHeldUp)
        {
            return true;
        }
    }

    private async Task<bool> AskForEcho(Socket socket, CancellationTokenSource timer)
    {
        var echo = new EchoSocket(target.Address.IsV6, isRaw: socket.SocketType == SocketType.Raw);
        await socket.SendAsync(echo.Request, timer.Token).ConfigureAwait(false);
        var answer = new byte[LongestAnswer];
        while (!echo.IsReply(answer.AsSpan(0, await socket.ReceiveAsync(answer, timer.Token).ConfigureAwait(false))))
        {
            // A raw socket hears everybody's messages.
        }

        _rttNs = _connectNs = SincePhase;
        return true;
    }

    private void Begin(CheckPhase phase, CancellationTokenSource timer)
    {
        (_phase, _phaseBeganNs) = (phase, Clock.Monotonic);
        timer.CancelAfter(TimeSpan.FromMilliseconds(Math.Max(1, Math.Ceiling(target.TimeoutNs / 1e6))));
    }

    private long SincePhase => Clock.Monotonic - _phaseBeganNs;

    private bool IsHeldUp => SincePhase - target.TimeoutNs > Math.Max(LeastHoldUpNs, target.TimeoutNs / 4);

    private CheckOutcome TimedOut() => Outcome(IsHeldUp ? CheckEnd.Late : CheckEnd.TimedOut);

    private CheckOutcome Failed(SocketException? cause, Socket? socket)
    {
        // The framework folds EPERM and EACCES into one; of the calls here only connect(2) says EACCES, of a route that prohibits.
        var errno = cause is null ? 0 : cause.SocketErrorCode == SocketError.AccessDenied && !_connecting
            ? Errno.EPERM : cause.NativeErrorCode;
        if (socket is not null && !_synchronous
            && TcpProbeSocket.TryTakeIcmp((int)socket.SafeHandle.DangerousGetHandle(), out var icmp, out var from))
        {
            return Outcome(CheckEnd.IcmpError)
                with { Errno = (int)icmp.ee_errno, IcmpType = icmp.ee_type, IcmpCode = icmp.ee_code, IcmpFrom = from };
        }

        return errno switch
        {
            // The peer ended the connection in the midst of the handshake, without a word of TCP's.
            0 => Outcome(CheckEnd.Mismatch),
            Errno.ECONNREFUSED => Outcome(CheckEnd.Refused) with { Errno = errno },
            Errno.ECONNRESET or Errno.EPIPE => Outcome(CheckEnd.Reset) with { Errno = errno },
            Errno.ETIMEDOUT => TimedOut(),
            _ => Outcome(CheckEnd.Failed) with { Errno = errno, Synchronous = _synchronous },
        };
    }

    private CheckOutcome Outcome(CheckEnd end) => new()
    {
        Target = target.Index,
        Attempt = attempt,
        End = end,
        StartedNs = _startedNs,
        RttNs = _rttNs,
        ConnectNs = _connectNs,
        TlsNs = _tlsNs,
        FirstByteNs = _firstByteNs,
        HttpStatus = _httpStatus,
        FailedIn = end == CheckEnd.Answered ? null : _phase,
    };
}
