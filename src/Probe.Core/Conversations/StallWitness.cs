using System.Buffers.Binary;
using Probe.Core.Conversations;
using Probe.Core.Host;
using Probe.Core.Linux;
using Probe.Core.Packets;
using Probe.Core.Wire;

namespace Probe.Core.Conversations;

/// <summary>What else this host sees while connections are watched: its counters, and ICMP that says one of their segments was too big.</summary>
internal sealed class StallWitness : IPacketSink, IDisposable
{
    private const int TcpProtocol = 6;
    private const int QuoteAt = 8;

    private readonly TcpConversationOptions _to;
    private readonly HashSet<int> _ports = [];
    private readonly RawPacketPort? _port;
    private readonly CounterSnapshot _before;
    private int _self;
    private int _path;

    /// <summary>Begins to look; without raw sockets the ICMP stays unseen.</summary>
    public StallWitness(TcpConversationOptions to)
    {
        _to = to;
        try
        {
            _port = new RawPacketPort(new RawPortOptions { IPv4 = to.Target.IsV4, IPv6 = to.Target.IsV6, TransmitStamps = false });
        }
        catch (LinuxException e) when (e.IsPermission)
        {
            _port = null;
        }

        _before = CounterSnapshot.Read();
    }

    /// <summary>From this host to itself; null where it could not be seen.</summary>
    public int? SelfIcmp => _port is null ? null : _self;

    /// <summary>From others; null where it could not be seen.</summary>
    public int? PathIcmp => _port is null ? null : _path;

    /// <summary>Who sent the first of those.</summary>
    public string? PathIcmpFrom { get; private set; }

    /// <summary>Counters that moved since the beginning.</summary>
    public IReadOnlyDictionary<string, long> Moved => CounterSnapshot.Read().Since(_before);

    /// <summary>Segments that this host refused to send for their size.</summary>
    public static long Refused(IReadOnlyDictionary<string, long> moved, bool v4) => moved.GetValueOrDefault(v4 ? "IpFragFails" : "Ip6FragFails");

    /// <summary>ICMP with which it told itself, and others, so.</summary>
    public static long Told(IReadOnlyDictionary<string, long> moved, bool v4) => moved.GetValueOrDefault(v4 ? "IcmpOutDestUnreachs" : "Icmp6OutPktTooBigs");

    /// <summary>ICMP about this local port counts.</summary>
    public void Mind(int localPort) => _ports.Add(localPort);

    /// <summary>Reads what came.</summary>
    public void Look() => _port?.Poll(0, this);

    /// <inheritdoc/>
    public void Arrived(in ArrivedPacket packet)
    {
        var tooBig = packet.Payload.Length > QuoteAt && (packet.Payload[0], packet.Payload[1], _to.Target.IsV4) is (3, 4, true) or (2, 0, false);
        if (!tooBig || !IpPacket.TryReadQuote(packet.Payload[QuoteAt..], out var quoted) || quoted.Destination != _to.Target
            || quoted.Protocol != TcpProtocol || quoted.Payload.Length < 4 || BinaryPrimitives.ReadUInt16BigEndian(quoted.Payload[2..]) != _to.Port
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
            PathIcmpFrom ??= packet.Source.ToString();
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
