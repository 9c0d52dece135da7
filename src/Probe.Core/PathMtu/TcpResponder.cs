using Probe.Core.Conversations;
using Probe.Core.Packets;

namespace Probe.Core.PathMtu;

/// <summary>
/// The far end of a download: sends as many octets as it is asked for, at the pacing asked for, and what its own kernel says about them.
/// Everything else that it hears is thrown away, which makes it the far end of an upload too. One thread; a stranger gets at most
/// <see cref="TcpTransfer.MaxOctets"/> octets a connection, over a handshake of his own.
/// </summary>
public sealed class TcpResponder : IDisposable
{
    private const int MostConnections = 64;
    private const long TransferTimeoutNs = 3_000_000_000;
    private const long IdleNs = 60_000_000_000;

    // Whoever talks now and then holds a place no longer than this.
    private const long MostAgeNs = 120_000_000_000;
    private const long RestNs = 1_000_000_000;

    private readonly ConversationListener _listener;
    private readonly List<Guest> _guests = [];
    private readonly byte[] _buffer = new byte[16 * 1024];
    private int _transfers;

    /// <summary>Listens.</summary>
    /// <param name="port">The port; 0 lets the kernel choose.</param>
    /// <param name="address">The address; none for every address of both families.</param>
    /// <exception cref="Linux.LinuxException">The port is in use or not permitted.</exception>
    public TcpResponder(ushort port, IpAddress address = default) => _listener = new ConversationListener(port, address);

    /// <summary>The port it listens on.</summary>
    public int Port => _listener.Port;

    /// <summary>Transfers made so far; any thread may ask.</summary>
    public int Transfers => Volatile.Read(ref _transfers);

    /// <summary>Serves until stopped.</summary>
    public void Run(CancellationToken stop)
    {
        using var loop = new ConversationLoop(stop);
        loop.Watch(_listener.Descriptor);
        while (!loop.IsStopped)
        {
            while (!loop.IsStopped && _listener.TryAccept() is { } conversation)
            {
                Welcome(loop, conversation);
            }

            foreach (var guest in _guests)
            {
                Serve(guest);
            }

            foreach (var gone in _guests.Where(guest => guest.IsGone).ToList())
            {
                gone.Over.Dispose();
                _guests.Remove(gone);
            }

            loop.Wait(_guests.Any(guest => guest.IsBusy) ? PacedSender.StepNs : RestNs);
        }
    }

    /// <summary>Closes everything.</summary>
    public void Dispose()
    {
        _listener.Dispose();
        _guests.ForEach(guest => guest.Over.Dispose());
        _guests.Clear();
    }

    private void Welcome(ConversationLoop loop, TcpConversation conversation)
    {
        if (_guests.Count >= MostConnections)
        {
            conversation.Dispose();
            return;
        }

        loop.Watch(conversation.Descriptor);
        _guests.Add(new Guest(conversation, ConversationLoop.NowNs));
    }

    private void Serve(Guest guest)
    {
        var now = ConversationLoop.NowNs;
        while (guest.Over.Receive(_buffer) is > 0 and var count)
        {
            guest.Hear(_buffer.AsSpan(0, count), now);
        }

        guest.Step(now);
        if (guest.TakeFinished())
        {
            Interlocked.Increment(ref _transfers);
        }

        guest.IsGone = guest.Over.IsOver || now - guest.HeardNs > IdleNs || now - guest.BornNs > MostAgeNs;
    }

    /// <summary>One connection.</summary>
    private sealed class Guest(TcpConversation over, long nowNs)
    {
        private readonly List<byte> _request = [];
        private bool _isSink;
        private PacedSender? _sender;
        private ReadOnlyMemory<byte> _report;
        private bool _isReported;
        private bool _finished;

        public TcpConversation Over => over;

        public bool IsGone { get; set; }

        public long BornNs { get; } = nowNs;

        public long HeardNs { get; private set; } = nowNs;

        public bool IsBusy => _sender is not null && !_isReported;

        public void Hear(ReadOnlySpan<byte> octets, long now)
        {
            HeardNs = now;
            if (_isSink || _sender is not null)
            {
                return;
            }

            _request.AddRange(octets[..Math.Min(octets.Length, ResponderProtocol.LongestRequest + 1)]);
            switch (ResponderProtocol.TryReadRequest(_request.ToArray(), out var pacing, out var length))
            {
                case true:
                    _sender = new PacedSender(over, new byte[length], pacing, now, TransferTimeoutNs);
                    break;
                case false:
                    _isSink = true;
                    break;
            }
        }

        public void Step(long now)
        {
            if (_sender is null || _isReported)
            {
                return;
            }

            _sender.Step(now);
            if (_sender.Result is { } result && _report.IsEmpty)
            {
                _report = ResponderProtocol.Report(result with { SynMss = SynMss(over) });
            }

            if (!_report.IsEmpty)
            {
                _report = _report[over.Send(_report.Span)..];
                if (_report.IsEmpty)
                {
                    over.FinishSending();
                    (_isReported, _finished) = (true, true);
                }
            }
        }

        public bool TakeFinished()
        {
            var finished = _finished;
            _finished = false;
            return finished;
        }

        private static int? SynMss(TcpConversation over) =>
            IpPacket.TryRead(over.SavedSyn, out var packet) && TcpHeader.TryRead(packet.Payload, out var header) ? header.ReadOptions().MaximumSegmentSize : null;
    }
}
