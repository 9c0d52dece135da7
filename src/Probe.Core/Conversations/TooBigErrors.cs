using System.Buffers.Binary;
using Probe.Core.Host;
using Probe.Core.Packets;
using Probe.Core.Wire;

namespace Probe.Core.Conversations;

/// <summary>
/// ICMP frag-needed and Packet Too Big about conversations, counted by who sent it, and the counters that moved meanwhile.
/// </summary>
internal sealed class TooBigErrors : IPacketSink, IDisposable
{
    private const int QuoteAt = 8;

    private readonly ITcpStack _stack;
    private readonly TcpConversationOptions _to;
    private readonly HashSet<int> _ports = [];
    private readonly IPacketPort? _port;
    private readonly CounterSnapshot _before;
    private int _self;
    private int _path;

    /// <summary>Begins to count; without raw sockets the ICMP stays unseen.</summary>
    public TooBigErrors(ITcpStack stack, TcpConversationOptions to)
    {
        (_stack, _to) = (stack, to);
        _port = stack.OpenErrors(to);
        _before = stack.ReadCounters();
    }

    /// <summary>From the host to itself; null where it could not be seen.</summary>
    public int? FromSelf => _port is null ? null : _self;

    /// <summary>From others; null where it could not be seen.</summary>
    public int? FromPath => _port is null ? null : _path;

    /// <summary>Who sent the first of those.</summary>
    public string? FirstOnPath { get; private set; }

    /// <summary>Counters that moved since the beginning.</summary>
    public IReadOnlyDictionary<string, long> Moved => _stack.ReadCounters().Since(_before);

    /// <summary>By the counters, the host refused segments for their size, and told each refusal to the sender: to itself.</summary>
    public bool OwnRefusals(IReadOnlyDictionary<string, long> moved)
    {
        var (refusals, errors) = _to.Target.IsV4 ? ("IpFragFails", "IcmpOutDestUnreachs") : ("Ip6FragFails", "Icmp6OutPktTooBigs");
        return moved.GetValueOrDefault(refusals) is > 0 and var refused && refused == moved.GetValueOrDefault(errors);
    }

    /// <summary>ICMP about this local port counts.</summary>
    public void Include(int localPort) => _ports.Add(localPort);

    /// <summary>Reads what came.</summary>
    public void Read() => _port?.Poll(0, this);

    /// <inheritdoc/>
    public void Arrived(in ArrivedPacket packet)
    {
        var tooBig = packet.Payload.Length > QuoteAt && (packet.Payload[0], packet.Payload[1], _to.Target.IsV4) is (3, 4, true)
            or (2, 0, false);
        if (!tooBig || !IpPacket.TryReadQuote(packet.Payload[QuoteAt..], out var quoted) || quoted.Destination != _to.Target
            || quoted.Protocol != IpProtocol.Tcp || quoted.Payload.Length < 4
            || BinaryPrimitives.ReadUInt16BigEndian(quoted.Payload[2..]) != _to.Port
            || !_ports.Contains(BinaryPrimitives.ReadUInt16BigEndian(quoted.Payload)))
        {
            return;
        }

        if (packet.Source == packet.Destination)
        {
            _self++;
        }
        else
        {
            _path++;
            FirstOnPath ??= packet.Source.ToString();
        }
    }

    /// <inheritdoc/>
    public void Transmitted(int number, long atNs)
    {
        // Nothing is sent through this port.
    }

    /// <inheritdoc/>
    public void Dispose() => _port?.Dispose();
}
