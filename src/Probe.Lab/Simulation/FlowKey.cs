using System.Buffers.Binary;
using Probe.Core.Packets;
using Probe.Core.Probing;
using Probe.Core.Vocabulary;

namespace Probe.Lab.Simulation;

/// <summary>The fields of a packet that rules match and balancers hash.</summary>
public readonly record struct FlowKey
{
    public IpAddress Source { get; init; }

    public IpAddress Destination { get; init; }

    /// <summary>IP protocol number of the transport.</summary>
    public byte Protocol { get; init; }

    public ushort SourcePort { get; init; }

    public ushort DestinationPort { get; init; }

    public ushort IcmpIdentifier { get; init; }

    public ushort IcmpChecksum { get; init; }

    public ushort IcmpSequence { get; init; }

    public uint FlowLabel { get; init; }

    public byte TrafficClass { get; init; }

    /// <summary>The flow of a probe.</summary>
    public static FlowKey Of(IpAddress source, IpAddress target, ProbeProtocol protocol, in Flow flow) => new()
    {
        Source = source,
        Destination = target,
        Protocol = ProbeWriter.IpProtocolOf(protocol, target.IsV6),
        SourcePort = protocol == ProbeProtocol.Icmp ? (ushort)0 : flow.SourcePort,
        DestinationPort = protocol == ProbeProtocol.Icmp ? (ushort)0 : flow.DestinationPort,
        IcmpIdentifier = protocol == ProbeProtocol.Icmp ? flow.SourcePort : (ushort)0,
        IcmpChecksum = protocol == ProbeProtocol.Icmp ? flow.IcmpChecksum : (ushort)0,
        FlowLabel = flow.FlowLabel,
    };

    /// <summary>The flow of a packet.</summary>
    /// <exception cref="ArgumentException">The octets are no IP packet.</exception>
    public static FlowKey Of(ReadOnlySpan<byte> packet)
    {
        var read = new SimulatedPacket();
        return read.TrySet(packet) ? Of(read) : throw new ArgumentException("Not an IP packet.", nameof(packet));
    }

    internal static FlowKey Of(SimulatedPacket packet)
    {
        var key = new FlowKey
        {
            Source = packet.Source,
            Destination = packet.Destination,
            Protocol = packet.Protocol,
            TrafficClass = packet.TrafficClass,
            FlowLabel = packet.IsV6 ? BinaryPrimitives.ReadUInt32BigEndian(packet.Octets) & 0xfffff : 0,
        };
        var payload = packet.Payload;
        if (packet.IsLaterFragment || payload.Length < 8)
        {
            return key;
        }

        return packet.Protocol switch
        {
            IpProtocol.Tcp or IpProtocol.Udp => key with
            {
                SourcePort = BinaryPrimitives.ReadUInt16BigEndian(payload),
                DestinationPort = BinaryPrimitives.ReadUInt16BigEndian(payload[2..]),
            },
            IpProtocol.Icmp or IpProtocol.IcmpV6 => key with
            {
                IcmpChecksum = BinaryPrimitives.ReadUInt16BigEndian(payload[2..]),
                IcmpIdentifier = BinaryPrimitives.ReadUInt16BigEndian(payload[4..]),
                IcmpSequence = BinaryPrimitives.ReadUInt16BigEndian(payload[6..]),
            },
            _ => key,
        };
    }

    /// <summary>A number in 0 to 1 that depends on these fields and the seed alone.</summary>
    internal double Draw(FlowFields fields, ulong seed)
    {
        var hash = seed;
        if ((fields & FlowFields.Source) != 0)
        {
            hash = Mix(hash, Source);
        }

        if ((fields & FlowFields.Destination) != 0)
        {
            hash = Mix(hash, Destination);
        }

        if ((fields & (FlowFields.Protocol | FlowFields.Ports)) != 0)
        {
            var word = (fields & FlowFields.Protocol) != 0 ? (ulong)Protocol << 32 : 0;
            word |= (fields & FlowFields.Ports) != 0 ? (uint)(SourcePort << 16) | DestinationPort : 0;
            hash = Chance.Mix(hash ^ word);
        }

        if ((fields & (FlowFields.IcmpIdentifier | FlowFields.IcmpChecksum | FlowFields.IcmpSequence)) != 0)
        {
            var word = (fields & FlowFields.IcmpIdentifier) != 0 ? (ulong)IcmpIdentifier << 32 : 0;
            word |= (fields & FlowFields.IcmpChecksum) != 0 ? (ulong)IcmpChecksum << 16 : 0;
            word |= (fields & FlowFields.IcmpSequence) != 0 ? IcmpSequence : 0u;
            hash = Chance.Mix(hash ^ word ^ 0x1cdUL << 48);
        }

        if ((fields & (FlowFields.FlowLabel | FlowFields.TrafficClass)) != 0)
        {
            var word = (fields & FlowFields.FlowLabel) != 0 ? (ulong)FlowLabel << 8 : 0;
            word |= (fields & FlowFields.TrafficClass) != 0 ? TrafficClass : 0u;
            hash = Chance.Mix(hash ^ word ^ 0xf1UL << 48);
        }

        return Chance.ToShare(Chance.Mix(hash));
    }

    private static ulong Mix(ulong hash, IpAddress address)
    {
        var bits = address.Bits;
        return Chance.Mix(Chance.Mix(hash ^ (ulong)bits) ^ (ulong)(bits >> 64));
    }
}
