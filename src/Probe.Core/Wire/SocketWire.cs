using System.Diagnostics;
using System.Runtime.CompilerServices;
using Probe.Core.Linux.Sockets;
using Probe.Core.Linux;
using Probe.Core.Packets;
using Probe.Core.Probing;
using Probe.Core.Vocabulary;
using static Probe.Core.Linux.WaitConstants;

namespace Probe.Core.Wire;

/// <summary>
/// The wire of sockets that any user may open: UDP and ICMP datagrams and TCP connects to one target, whose error queues (IP_RECVERR) tell
/// which router said what. The kernel keeps the quoted headers to itself: a NAT, remarking and the quoted TTL are not seen.
/// </summary>
public sealed class SocketWire : IWire
{
    private const int LargestPacket = 65535;
    private const int BatchSize = 16;
    private const int KeptOctets = 2048;

    private readonly long _keepNs;
    private readonly ProbeWriter _writer;
    private readonly byte[] _buffer = new byte[LargestPacket];
    private readonly List<SocketFlow> _flows = [];
    private readonly Dictionary<ushort, SocketFlow> _byPort = [];
    private readonly Epoll _epoll = new();
    private readonly epoll_event[] _events = new epoll_event[32];
    private readonly WakeEvent _wake = new();
    private readonly List<Reply> _arrived = [];
    private long _largestRttNs;
    private long _untold;
    private bool _quotesAreShort;
    private bool _firstSweep = true;
    private bool _warm;

    /// <summary>Makes a wire without flows.</summary>
    /// <param name="options">Target, transport and how to send.</param>
    /// <param name="source">The source address.</param>
    /// <param name="cookies">The key of this run.</param>
    public SocketWire(ProbeSocketsOptions options, IpAddress source, ProbeCookies cookies)
    {
        ArgumentNullException.ThrowIfNull(options);
        (Options, Source, Cookies) = (options, source, cookies);
        _keepNs = 2 * options.TimeoutNs;
        _writer = new ProbeWriter(cookies);
        Probes = new ProbeTable(_keepNs);
        _epoll.Add(_wake.Descriptor, EPOLLIN, ulong.MaxValue);
    }

    /// <inheritdoc/>
    public long NowNs => Clock.NowNs;

    /// <summary>UTC at which <see cref="NowNs"/> was 0, nanoseconds since 1970.</summary>
    public long StartedUnixNs => Clock.StartedUnixNs;

    /// <summary>How often the wall clock was set meanwhile.</summary>
    public int ClockSteps => Clock.Steps;

    /// <summary>
    /// Answers of a flow can only be told apart, or probes only be sent, when one at a time is under way: always for TCP; for UDP on the
    /// first sweep and once a router quoted too little.
    /// </summary>
    public bool OneAtATime => Options.Protocol switch
    {
        ProbeProtocol.Tcp => true,
        ProbeProtocol.Udp => _firstSweep || _quotesAreShort,
        ProbeProtocol.Icmp => false,
        _ => throw new UnreachableException($"nobody said how answers over {Options.Protocol} are told apart"),
    };

    /// <summary>Answers that came and could not be told apart; part of <see cref="ReadLosses"/>.</summary>
    public long Untold => _untold;

    internal ProbeSocketsOptions Options { get; }

    internal IpAddress Source { get; }

    internal ProbeCookies Cookies { get; }

    internal StampClock Clock { get; } = new();

    internal ProbeTable Probes { get; }

    internal MessageBatch Batch { get; } = new(BatchSize, KeptOctets, controlSize: 256);

    /// <summary>How long a silent probe keeps others of its flow waiting, where one at a time is under way.</summary>
    internal long LongestWaitNs => QuietTime.After(_largestRttNs);

    /// <summary>When the present events were told of; what has no stamp of the kernel's arrived then.</summary>
    internal long WokenNs { get; private set; }

    /// <summary>Opens the sockets of one more flow and returns its local port, or the identifier of its echo requests.</summary>
    /// <exception cref="LinuxException">No permission for ICMP sockets, a foreign source address, no port left.</exception>
    public ushort AddFlow(uint flowLabel)
    {
        SocketFlow flow = Options.Protocol == ProbeProtocol.Tcp
            ? new ConnectFlow(this, flowLabel, _flows.Count) : new DatagramFlow(this, flowLabel, _flows.Count);
        _flows.Add(flow);
        _byPort.Add(flow.Port, flow);
        return flow.Port;
    }

    /// <inheritdoc/>
    public SendStatus Send(in ProbePacket probe)
    {
        if (!_warm)
        {
            _warm = true;
            Clock.WarmUp();
        }

        return _byPort[probe.Flow.SourcePort].Send(probe);
    }

    /// <inheritdoc/>
    public void Receive(long untilNs, List<Reply> replies)
    {
        ArgumentNullException.ThrowIfNull(replies);
        var wait = 0L;
        while (true)
        {
            var count = _epoll.Wait(_events, wait);
            WokenNs = NowNs;
            var woken = Dispatch(count);
            var now = NowNs;
            var expiry = long.MaxValue;
            foreach (var flow in _flows)
            {
                flow.Expire(now);
                expiry = Math.Min(expiry, flow.ExpiryNs);
            }

            // Some may have been read while a probe was sent.
            if (woken || _arrived.Count > 0 || now >= untilNs)
            {
                replies.AddRange(_arrived);
                _arrived.Clear();
                return;
            }

            var next = Math.Min(untilNs, expiry);
            wait = next == long.MaxValue ? long.MaxValue : next - now;
        }
    }

    /// <inheritdoc/>
    public PortLosses ReadLosses()
    {
        var lost = _untold;
        foreach (var flow in _flows)
        {
            lost += flow.Losses;
        }

        return new PortLosses(lost);
    }

    /// <summary>Ends a waiting <see cref="Receive"/> from another thread.</summary>
    public void Wake() => _wake.Set();

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var flow in _flows)
        {
            flow.Dispose();
        }

        _wake.Dispose();
        _epoll.Dispose();
    }

    /// <summary>Watches a socket of a flow.</summary>
    internal void Watch(FileDescriptor socket, uint events, int flow) => _epoll.Add(socket, events, (ulong)flow);

    /// <summary>What a socket sends of a probe; the kernel writes the headers before it. Valid until the next call.</summary>
    internal ReadOnlySpan<byte> WritePayload(in ProbePacket probe)
    {
        var length = _writer.Write(probe, _buffer);
        return _buffer.AsSpan(0, length)[ProbeWriter.KernelHeaders(probe.Protocol, probe.Target.IsV6)..];
    }

    /// <summary>Whether nobody waits for a probe's answer any more.</summary>
    internal bool IsForgotten(int number)
    {
        ref var entry = ref Probes.Find(number);
        return Unsafe.IsNullRef(ref entry) || NowNs - entry.SentNs >= _keepNs;
    }

    internal void FirstSweepEnds() => _firstSweep = false;

    internal void QuoteWasTooShort() => _quotesAreShort = true;

    internal void CouldNotTell() => _untold++;

    /// <summary>Hands over an ICMP error.</summary>
    internal void Report(int number, in QueuedError error, (long AtNs, StampSource Stamp) arrival)
    {
        ref var entry = ref Probes.Find(number);
        var isV6 = entry.Packet.Target.IsV6;
        if (IcmpErrors.KindOf(isV6, error.Type, error.Code) is not { } kind)
        {
            return;
        }

        int? mtu = ReplyKinds.CarriesMtu(kind) ? (int)Math.Min(error.Info, int.MaxValue) : null;
        Report(new Reply
        {
            Number = number,
            From = error.Offender,
            Kind = kind,
            Type = error.Type,
            Code = error.Code,
            Mtu = mtu,
            Implausible = mtu is { } value && IcmpErrors.IsImplausibleMtu(isV6, value, entry.Packet.Size),
            SentNs = 0,
            ReceivedNs = arrival.AtNs,
            ReceivedStamp = arrival.Stamp,
            ReplyTtl = error.Ttl,
            Extensions = IcmpExtensionReader.IsStructure(error.Extensions)
                ? IcmpExtensionReader.ReadObjects(error.Extensions[IcmpExtensionReader.HeaderLength..])
                : null,
        });
    }

    /// <summary>Hands over an answer; when the probe left is filled in here.</summary>
    internal void Report(in Reply reply)
    {
        ref var entry = ref Probes.Find(reply.Number);
        entry.Answered = true;
        var complete = reply with { SentNs = entry.SentNs, SentStamp = entry.SentStamp };
        _largestRttNs = Math.Max(_largestRttNs, complete.Ambiguous ? 0 : complete.RttNs);
        _arrived.Add(complete);
    }

    private bool Dispatch(int count)
    {
        var woken = false;
        for (var i = 0; i < count; i++)
        {
            if (_events[i].data == ulong.MaxValue)
            {
                _wake.Clear();
                woken = true;
            }
            else
            {
                _flows[(int)_events[i].data].Read(_events[i].events);
            }
        }

        if (count == 0)
        {
            Clock.Anchor();
        }

        Clock.Drained();
        return woken;
    }
}
