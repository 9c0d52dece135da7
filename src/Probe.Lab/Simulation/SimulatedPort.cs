using Probe.Core.Packets;
using Probe.Core.Probing;
using Probe.Core.Vocabulary;
using Probe.Core.Wire;

namespace Probe.Lab.Simulation;

/// <summary>What goes wrong in the simulated host itself.</summary>
public sealed record SimulatedPortOptions
{
    /// <summary>Share of sends for which a queue of the host is full.</summary>
    public double Busy { get; init; }

    /// <summary>Destinations that a local rule refuses to send to.</summary>
    public IpPrefix? Refused { get; init; }

    /// <summary>Share of packets whose transmit stamp never comes.</summary>
    public double NoTransmitStamp { get; init; }

    /// <summary>Share of arrivals without a kernel stamp: marked so, and read <see cref="UserLatenessNs"/> late.</summary>
    public double NoArrivalStamp { get; init; }

    /// <summary>How late this process reads the clock.</summary>
    public long UserLatenessNs { get; init; } = 50_000;

    /// <summary>Share of arrivals lost in the host before they could be read.</summary>
    public double LostLocally { get; init; }

    public ulong Seed { get; init; } = 1;
}

/// <summary>A simulated network as a packet port: time passes only in <see cref="Poll"/>, and only as far as the next arrival.</summary>
public sealed class SimulatedPort : IPacketPort
{
    private readonly SimulatedPortOptions _options;
    private readonly List<(int Number, long AtNs)> _stamps = [];
    private Chance _chance;
    private long _lost;
    private volatile bool _woken;

    public SimulatedPort(SimulatedNetwork network, SimulatedPortOptions? options = null)
    {
        Network = network;
        _options = options ?? new SimulatedPortOptions();
        _chance = new Chance(_options.Seed, 0x44_0000_0000);

        // The kernel hands raw sockets whole packets.
        network.ReassemblesAtVantage = true;
    }

    public SimulatedPort(Topology topology, SimulatedPortOptions? options = null)
        : this(new SimulatedNetwork(topology), options)
    {
    }

    public SimulatedNetwork Network { get; }

    /// <inheritdoc/>
    public long NowNs => Network.NowNs;

    /// <inheritdoc/>
    public SendStatus Send(ReadOnlySpan<byte> packet, int number)
    {
        if (!IpPacket.TryRead(packet, out var ip))
        {
            throw new ArgumentException("Not an IP packet.", nameof(packet));
        }

        if (_options.Refused is { } refused && refused.Contains(ip.Destination))
        {
            return SendStatus.LocalRule;
        }

        var mtu = Network.FirstMtu(ip.Destination);
        if (mtu == 0)
        {
            return SendStatus.NoRoute;
        }

        if (packet.Length > mtu)
        {
            return SendStatus.TooBig;
        }

        if (_chance.Hits(_options.Busy))
        {
            return SendStatus.Busy;
        }

        Network.Inject(packet, NowNs);
        if (!_chance.Hits(_options.NoTransmitStamp))
        {
            _stamps.Add((number, NowNs));
        }

        return SendStatus.Sent;
    }

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">Asked to wait for ever in a network where nothing more will happen.</exception>
    public void Poll(long untilNs, IPacketSink sink)
    {
        foreach (var (number, atNs) in _stamps)
        {
            sink.Transmitted(number, atNs);
        }

        var hadStamps = _stamps.Count > 0;
        _stamps.Clear();
        if (_woken)
        {
            _woken = false;
            untilNs = NowNs;
        }

        if (!Network.TryNext(Math.Max(untilNs, NowNs), out var delivery))
        {
            if (untilNs == long.MaxValue && !hadStamps)
            {
                throw new InvalidOperationException("A wait without end, and nothing will ever arrive.");
            }

            return;
        }

        do
        {
            Hand(delivery, sink);
        }
        while (Network.TryNext(NowNs, out delivery));
    }

    /// <inheritdoc/>
    public void Wake() => _woken = true;

    /// <inheritdoc/>
    public PortLosses ReadLosses() => new(_lost);

    /// <inheritdoc/>
    public void Dispose()
    {
    }

    private void Hand(in Delivery delivery, IPacketSink sink)
    {
        if (_chance.Hits(_options.LostLocally))
        {
            _lost++;
            return;
        }

        // Octets come from a packet that was read once already.
        if (!IpPacket.TryRead(delivery.Octets, out var ip))
        {
            return;
        }

        var isUser = _chance.Hits(_options.NoArrivalStamp);
        sink.Arrived(new ArrivedPacket
        {
            Source = ip.Source,
            Destination = ip.Destination,
            Ttl = ip.Ttl,
            TrafficClass = ip.TrafficClass,
            Protocol = ip.Protocol,
            Payload = ip.Payload,
            AtNs = delivery.DueNs + (isUser ? _options.UserLatenessNs : 0),
            Stamp = isUser ? StampSource.User : StampSource.Kernel,
            InterfaceIndex = 1,
        });
    }
}
