using System.Collections.Immutable;
using FsCheck.Fluent;
using FsCheck;
using Probe.Core.Packets;

namespace Probe.Core.Tests.Packets;

/// <summary>Encapsulations and packets inside them, as several tests draw them.</summary>
internal static class Encapsulations
{
    public const ulong Mac = 0x0200_5e00_5301;

    public static readonly IpAddress Local4 = IpAddress.Parse("192.0.2.1");
    public static readonly IpAddress Local6 = IpAddress.Parse("2001:db8:a::1");

    private static readonly IpAddress s_inner4 = IpAddress.Parse("198.51.100.1");
    private static readonly IpAddress s_vip4 = IpAddress.Parse("203.0.113.9");
    private static readonly IpAddress s_inner6 = IpAddress.Parse("2001:db8::1");
    private static readonly IpAddress s_vip6 = IpAddress.Parse("2001:db8:9::9");

    private static readonly Gen<bool> AnyBool = Gen.Elements(false, true);
    private static readonly Gen<uint> AnyNumber = Gen.Choose(0, ushort.MaxValue).Two().Select(pair => (uint)pair.Item1 << 16 | (uint)pair.Item2);

    private static readonly Gen<Encapsulation> AnyType =
        from remote in Gen.Choose(1, 250).Two().Select(pair => pair.Item1 > 80
            ? IpAddress.FromV4(0xc000_0200 | (uint)pair.Item2)
            : IpAddress.FromV6((UInt128)0x2001_0db8_000a_0000 << 64 | (uint)pair.Item2))
        from port in Gen.Choose(1, ushort.MaxValue).Select(value => (ushort)value)
        from ownPort in AnyBool
        from number in AnyNumber
        from bits in Gen.Choose(0, 7)
        from type in Gen.Choose(0, 6)
        let sourcePort = (bits & 4) != 0 ? (ushort?)(ushort)(number | 1) : null
        select type switch
        {
            0 => (Encapsulation)new IpIpEncapsulation { Remote = remote },
            1 => new GreEncapsulation { Remote = remote, Key = ownPort ? number : null, Checksum = (bits & 1) != 0, Sequence = (bits & 2) != 0 },
            2 => new FouEncapsulation { Remote = remote, Port = port, SourcePort = sourcePort, Checksum = (bits & 1) != 0 },
            3 => new GueEncapsulation { Remote = remote, Port = ownPort ? port : GueEncapsulation.DefaultPort, Variant1 = true, SourcePort = sourcePort, Checksum = (bits & 1) != 0 },
            4 => new GueEncapsulation { Remote = remote, Port = ownPort ? port : GueEncapsulation.DefaultPort, PrivateFlags = (bits & 2) != 0 ? 0u : null, SourcePort = sourcePort, Checksum = (bits & 1) != 0 },
            5 => new VxlanEncapsulation { Remote = remote, Port = VxlanEncapsulation.DefaultPort, Vni = number & 0xffffff, Mac = Mac + number, SourcePort = sourcePort, Checksum = (bits & 1) != 0 },
            _ => new GeneveEncapsulation { Remote = remote, Port = port, Vni = number & 0xffffff, Mac = Mac + number, SourcePort = sourcePort, Checksum = (bits & 1) != 0 },
        };

    /// <summary>Any encapsulation with any options that a text can say, but remote checksum offload, which only the innermost may have.</summary>
    public static Gen<Encapsulation> Any { get; } =
        from layer in AnyType
        from bits in Gen.Choose(0, 15)
        from ttl in Gen.Choose(1, 255)
        from dscp in Gen.Choose(0, 63)
        select layer with
        {
            Source = (bits & 1) == 0 ? default : layer.Remote.IsV6 ? Local6 : Local4,
            Ttl = (bits & 2) != 0 ? (byte)ttl : null,
            Dscp = (bits & 4) != 0 ? (byte)dscp : null,
            DontFragment = (bits & 8) != 0 && layer.Remote.IsV4 ? dscp % 2 == 0 : null,
        };

    /// <summary>One to three layers, the innermost sometimes with remote checksum offload.</summary>
    public static Gen<EncapsulationStack> Stacks { get; } =
        from layers in Gen.Choose(1, 3).SelectMany(count => Any.ArrayOf(count))
        from offload in AnyBool
        select new EncapsulationStack([.. layers.Select((layer, i) =>
            offload && i == layers.Length - 1 && layer is GueEncapsulation { Variant1: false } gue ? gue with { RemoteChecksum = true } : layer)]);

    /// <summary>Any small packet of either family and of UDP, TCP or echo.</summary>
    public static Gen<byte[]> Inner { get; } =
        from v6 in AnyBool
        from protocol in Gen.Elements(IpProtocol.Udp, IpProtocol.Tcp, IpProtocol.Icmp)
        from number in AnyNumber
        from size in Gen.Choose(0, 200)
        from trafficClass in Gen.Choose(0, 255)
        select Packet(v6, protocol, number, size, (byte)trafficClass);

    /// <summary>Sources for each layer of a stack.</summary>
    public static ImmutableArray<IpAddress> SourcesOf(EncapsulationStack stack) => [.. stack.Layers.Select(layer => layer.Remote.IsV6 ? Local6 : Local4)];

    /// <summary>The packet inside whatever the stack says.</summary>
    public static byte[] Wrapped(EncapsulationStack stack, byte[] inner, ushort id = 0x1234, byte ttl = 0, uint sequence = 7)
    {
        var packet = new byte[stack.Overhead + inner.Length];
        packet.AsSpan().Fill(0xa5);
        inner.CopyTo(packet, stack.Overhead);
        var length = EncapsulationWriter.Wrap(stack, packet, inner.Length, new OuterFields { Id = id, Ttl = ttl, Sequence = sequence, Sources = SourcesOf(stack) });
        return packet[..length];
    }

    /// <summary>A sound packet; its ports, or what stands in their place, are the number.</summary>
    public static byte[] Packet(bool v6, byte protocol, uint number, int size, byte trafficClass)
    {
        var (source, destination) = v6 ? (s_inner6, s_vip6) : (s_inner4, s_vip4);
        protocol = v6 && protocol == IpProtocol.Icmp ? IpProtocol.IcmpV6 : protocol;
        var header = v6 ? IPv6Header.Length : IPv4Header.MinimumLength;
        var packet = new byte[header + (protocol == IpProtocol.Tcp ? TcpHeader.MinimumLength : UdpHeader.Length) + size];
        var segment = packet.AsSpan(header);
        new Random((int)number).NextBytes(segment);
        switch (protocol)
        {
            case IpProtocol.Udp:
                UdpHeader.Write(segment, (ushort)(number >> 16), (ushort)number, segment.Length - UdpHeader.Length);
                break;
            case IpProtocol.Tcp:
                TcpHeader.Write(segment, new TcpFields { SourcePort = (ushort)(number >> 16), DestinationPort = (ushort)number, Flags = TcpFlags.Syn }, []);
                break;
            default:
                IcmpMessage.Write(segment, v6, v6 ? (byte)128 : (byte)8, 0, number, segment[IcmpMessage.HeaderLength..].ToArray());
                break;
        }

        TransportChecksum.Write(segment, protocol, source, destination);
        _ = v6
            ? IPv6Header.Write(packet, new IPv6Fields { TrafficClass = trafficClass, NextHeader = protocol, HopLimit = 9, Source = source, Destination = destination }, segment.Length)
            : IPv4Header.Write(packet, new IPv4Fields { TrafficClass = trafficClass, Id = 7, Ttl = 9, Protocol = protocol, Source = source, Destination = destination }, segment.Length);
        return packet;
    }
}
