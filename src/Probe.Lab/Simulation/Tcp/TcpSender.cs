using Probe.Core.Vocabulary;

namespace Probe.Lab.Simulation.Tcp;

/// <summary>
/// The sending half of a connection, as Linux does it where a test can see it: segments by the path MTU that the connection reckons with, a
/// congestion window in segments, SACK, retransmission and persist timers. A segment that its own host refuses stays unsent; where nothing
/// else is on its way, only the persist timer sends again (tcp_write_xmit, tcp_check_probe_timer).
/// </summary>
internal sealed class TcpSender(ITcpHost host, TcpConnection connection)
{
    private const int InitialWindow = 10;
    private const int SegmentsAboveALoss = 3;
    private const int BufferOctets = 128 * 1024;

    private readonly List<TcpSegment> _sent = [];
    private readonly List<byte> _unsent = [];
    private long _next;
    private long _recoverAt;
    private int _threshold = int.MaxValue;
    private bool _finishes;
    private bool _finSent;
    private long _timerNs = long.MaxValue;

    /// <summary>Round trips and the timeout.</summary>
    public RoundTripTimer RoundTrips { get; } = new();

    /// <summary>Place in the stream of what is sent next.</summary>
    public long Next => _next;

    /// <summary>Octets acknowledged.</summary>
    public long Acknowledged { get; private set; }

    /// <summary>Segments that may be on their way.</summary>
    public int Window { get; private set; } = InitialWindow;

    /// <summary>Octets that the peer has room for.</summary>
    public int PeerWindow { get; set; }

    /// <summary>MSS that the peer told.</summary>
    public int PeerMss { get; set; } = 536;

    /// <summary>Path MTU that the connection reckons with, octets.</summary>
    public int PathMtu { get; private set; }

    /// <summary>Payload of the segments it sends.</summary>
    public int SegmentSize => Math.Max(1, Math.Min(PeerMss, PathMtu - connection.Headers));

    /// <summary>Segments sent and not acknowledged.</summary>
    public IReadOnlyList<TcpSegment> Sent => _sent;

    /// <summary>Octets written and never sent.</summary>
    public int NotSent => _unsent.Count;

    /// <summary>Octets written and not acknowledged.</summary>
    public int Queued => _unsent.Count + _sent.Sum(segment => segment.Data.Length);

    /// <summary>Segments sent again.</summary>
    public int Repeats { get; private set; }

    /// <summary>Segments with data sent, repeats included.</summary>
    public int DataSegments { get; private set; }

    /// <summary>Probes of the persist timer in a row.</summary>
    public int Probes { get; private set; }

    /// <summary>The timer that runs; null when none does.</summary>
    public TcpTimer? Timer => _timerNs == long.MaxValue ? null : _sent.Count > 0 ? TcpTimer.Retransmit : TcpTimer.Persist;

    /// <summary>When it fires; <see cref="long.MaxValue"/> for never.</summary>
    public long TimerNs => _timerNs;

    /// <summary>Begins with what the host knows about the path.</summary>
    public void Begin(int pathMtu) => PathMtu = pathMtu;

    /// <summary>Takes octets; returns how many.</summary>
    public int Write(ReadOnlySpan<byte> octets)
    {
        var taken = Math.Min(octets.Length, BufferOctets - Queued);
        _unsent.AddRange(octets[..taken]);
        Output();
        return taken;
    }

    /// <summary>Sends a FIN after what is written.</summary>
    public void Finish()
    {
        _finishes = true;
        Output();
    }

    /// <summary>The peer has everything before a place, and the blocks.</summary>
    public void Acknowledge(long place, IReadOnlyList<(long From, long To)> blocks)
    {
        var arrived = 0;
        while (_sent.Count > 0 && _sent[0].End <= place)
        {
            if (!_sent[0].IsRepeated)
            {
                RoundTrips.Measure(host.NowNs - _sent[0].SentNs);
            }

            Acknowledged += _sent[0].Data.Length;
            _sent.RemoveAt(0);
            arrived++;
        }

        if (arrived > 0)
        {
            (RoundTrips.Backoff, Probes) = (0, 0);
            Window += Window < _threshold ? arrived : 0;
        }

        foreach (var segment in _sent)
        {
            segment.IsSacked |= blocks.Any(block => segment.Offset >= block.From && segment.End <= block.To);
        }

        FindLosses();
        Output();
        Rearm(arrived > 0);
    }

    /// <summary>A router, or this host, named a smaller size: what is too long is sent again at once (tcp_simple_retransmit).</summary>
    public void PathMtuFell(int mtu)
    {
        if (mtu >= PathMtu)
        {
            return;
        }

        PathMtu = mtu;
        foreach (var segment in _sent.Where(segment => !segment.IsSacked && segment.Data.Length > SegmentSize))
        {
            segment.IsLost = true;
        }
    }

    /// <summary>Sends what may be sent.</summary>
    public void Output()
    {
        while (connection.IsOpen && _sent.Count(segment => segment.IsOnItsWay) < Window && SendOne())
        {
            // The next one.
        }

        Rearm(restart: false);
    }

    /// <summary>The timer ran out.</summary>
    public void TimerRan()
    {
        if (host.NowNs < _timerNs)
        {
            return;
        }

        _timerNs = long.MaxValue;
        RoundTrips.Backoff++;
        if (_sent.Count > 0)
        {
            foreach (var segment in _sent)
            {
                segment.IsLost |= !segment.IsSacked;
            }

            (_threshold, Window, _recoverAt) = (Math.Max(2, Window / 2), 1, _next);
        }
        else
        {
            // A probe of new data where the window is open (tcp_write_wakeup).
            Probes++;
        }

        Output();
    }

    private bool SendOne()
    {
        if (_sent.FindIndex(segment => segment.IsLost) is >= 0 and var at)
        {
            return Repeat(at);
        }

        var length = Math.Min(SegmentSize, _unsent.Count);
        var fin = _finishes && !_finSent && length == _unsent.Count;
        if ((length == 0 && !fin) || _next + length > Acknowledged + PeerWindow)
        {
            return false;
        }

        var segment = new TcpSegment(_next, [.. _unsent.GetRange(0, length)], fin) { SentNs = host.NowNs };
        if (!connection.Emit(segment))
        {
            // Over IPv6 the host's own Packet Too Big makes TCP send anew at once.
            return connection.Tuple.Remote.IsV6;
        }

        _unsent.RemoveRange(0, length);
        _sent.Add(segment);
        _next = segment.End;
        _finSent |= fin;
        DataSegments += length > 0 ? 1 : 0;
        return true;
    }

    private bool Repeat(int at)
    {
        var segment = _sent[at];
        if (segment.Data.Length > SegmentSize)
        {
            var rest =
                new TcpSegment(segment.Offset + SegmentSize, segment.Data[SegmentSize..], segment.Fin) { IsLost = true, IsRepeated = true };
            _sent.Insert(at + 1, rest);
            _sent[at] = segment = new TcpSegment(segment.Offset, segment.Data[..SegmentSize], fin: false);
        }

        if (!connection.Emit(segment))
        {
            return connection.Tuple.Remote.IsV6;
        }

        (segment.IsLost, segment.IsRepeated, segment.SentNs) = (false, true, host.NowNs);
        Repeats++;
        DataSegments += segment.Data.Length > 0 ? 1 : 0;
        return true;
    }

    // RFC 6675 with segments for octets: three that arrived above tell that one is lost.
    private void FindLosses()
    {
        var above = _sent.Count(segment => segment.IsSacked);
        foreach (var segment in _sent)
        {
            if (segment.IsSacked)
            {
                above--;
            }
            else if (above >= SegmentsAboveALoss && !segment.IsRepeated)
            {
                segment.IsLost = true;
                if (segment.Offset >= _recoverAt)
                {
                    Window = _threshold = Math.Max(2, Window / 2);
                    _recoverAt = _next;
                }
            }
        }
    }

    private void Rearm(bool restart)
    {
        if (!connection.IsOpen || (_sent.Count == 0 && _unsent.Count == 0))
        {
            _timerNs = long.MaxValue;
        }
        else if (_timerNs == long.MaxValue || restart)
        {
            _timerNs = host.NowNs + RoundTrips.TimeoutNs;
            host.SetTimer(RoundTrips.TimeoutNs, connection);
        }
    }
}
