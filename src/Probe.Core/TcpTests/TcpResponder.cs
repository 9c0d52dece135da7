using Probe.Core.Conversations;
using Probe.Core.Packets;

namespace Probe.Core.TcpTests;

/// <summary>
/// The far end of a download: sends as many octets as it is asked for, at the pacing asked for, and what its own kernel says about them.
/// Everything else that it is sent is thrown away, which makes it the far end of an upload too. One thread; a stranger gets at most
/// <see cref="TcpTransfer.MaxOctets"/> octets a connection, over a handshake of his own.
/// </summary>
public sealed class TcpResponder : IDisposable
{
    private const int MostConnections = 64;
    private const long TransferTimeoutNs = 3_000_000_000;
    private const long IdleNs = 60_000_000_000;

    // Whoever sends now and then holds a place no longer than this.
    private const long MostAgeNs = 120_000_000_000;
    private const long RestNs = 1_000_000_000;

    private readonly ConversationListener _listener;
    private readonly List<Client> _clients = [];
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
        using var stack = new KernelTcpStack();
        using var registration = stop.Register(stack.Wake);
        stack.Watch(_listener.Descriptor);
        while (!stop.IsCancellationRequested)
        {
            while (!stop.IsCancellationRequested && _listener.TryAccept() is { } conversation)
            {
                Accept(stack, conversation);
            }

            foreach (var client in _clients)
            {
                Serve(client, stack.NowNs);
            }

            foreach (var gone in _clients.Where(client => client.IsGone).ToList())
            {
                gone.Over.Dispose();
                _clients.Remove(gone);
            }

            stack.Wait(stack.NowNs + (_clients.Any(client => client.IsBusy) ? PacedSender.StepNs : RestNs));
        }
    }

    /// <summary>Closes everything.</summary>
    public void Dispose()
    {
        _listener.Dispose();
        _clients.ForEach(client => client.Over.Dispose());
        _clients.Clear();
    }

    private void Accept(KernelTcpStack stack, KernelConversation conversation)
    {
        if (_clients.Count >= MostConnections)
        {
            conversation.Dispose();
            return;
        }

        stack.Watch(conversation.Descriptor);
        _clients.Add(new Client(conversation, stack.NowNs));
    }

    private void Serve(Client client, long now)
    {
        while (client.Over.Receive(_buffer) is > 0 and var count)
        {
            client.Take(_buffer.AsSpan(0, count), now);
        }

        client.Step(now);
        if (client.TakeFinished())
        {
            Interlocked.Increment(ref _transfers);
        }

        client.IsGone = client.Over.IsOver || now - client.LastReadNs > IdleNs || now - client.AcceptedNs > MostAgeNs;
    }

    /// <summary>One connection.</summary>
    private sealed class Client(KernelConversation over, long nowNs)
    {
        private readonly List<byte> _request = [];
        private bool _isSink;
        private PacedSender? _sender;
        private ReadOnlyMemory<byte> _report;
        private bool _isReported;
        private bool _finished;

        public KernelConversation Over => over;

        public bool IsGone { get; set; }

        public long AcceptedNs { get; } = nowNs;

        public long LastReadNs { get; private set; } = nowNs;

        public bool IsBusy => _sender is not null && !_isReported;

        public void Take(ReadOnlySpan<byte> octets, long now)
        {
            LastReadNs = now;
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

        private static int? SynMss(KernelConversation over) =>
            IpPacket.TryRead(over.SavedSyn, out var packet) && TcpHeader.TryRead(packet.Payload, out var header)
                ? header.ReadOptions().MaximumSegmentSize
                : null;
    }
}
