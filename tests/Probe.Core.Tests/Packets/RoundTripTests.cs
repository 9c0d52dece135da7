using FsCheck.Fluent;
using FsCheck;
using Probe.Core.Packets;

namespace Probe.Core.Tests.Packets;

/// <summary>What is written is read back, for any fields.</summary>
[Collection(Lanes.Simulated)]
public class RoundTripTests
{
    private static readonly Gen<byte> AnyByte = Gen.Choose(0, byte.MaxValue).Select(value => (byte)value);
    private static readonly Gen<ushort> AnyWord = Gen.Choose(0, ushort.MaxValue).Select(value => (ushort)value);
    private static readonly Gen<bool> AnyBool = Gen.Elements(false, true);
    private static readonly Gen<uint> AnyNumber = from high in AnyWord from low in AnyWord select (uint)high << 16 | low;
    private static readonly Gen<IpAddress> V4 = AnyNumber.Select(IpAddress.FromV4);
    private static readonly Gen<IpAddress> V6 = AnyByte.ArrayOf(16).Select(octets => new IpAddress(octets));
    private static readonly Gen<byte[]> Payload = Gen.Choose(0, 200).SelectMany(length => AnyByte.ArrayOf(length));
    private static readonly Gen<byte[]> Options = Gen.Choose(0, 10).SelectMany(words => AnyByte.ArrayOf(words * 4));

    private static readonly Gen<IPv4Fields> FieldsV4 =
        from trafficClass in AnyByte
        from id in AnyWord
        from bits in AnyByte
        from offset in Gen.Choose(0, 8191)
        from ttl in AnyByte
        from protocol in AnyByte
        from source in V4
        from destination in V4
        select new IPv4Fields
        {
            TrafficClass = trafficClass,
            Id = id,
            DontFragment = (bits & 1) != 0,
            MoreFragments = (bits & 2) != 0,
            FragmentOffset = offset * 8,
            Ttl = ttl,
            Protocol = protocol,
            Source = source,
            Destination = destination,
        };

    private static readonly Gen<IPv6Fields> FieldsV6 =
        from trafficClass in AnyByte
        from label in Gen.Choose(0, 0xfffff)
        from next in Gen.Elements(IpProtocol.Tcp, IpProtocol.Udp, IpProtocol.IcmpV6, IpProtocol.IPv6, IpProtocol.NoNextHeader, (byte)253)
        from hopLimit in AnyByte
        from source in V6
        from destination in V6
        select new IPv6Fields
        {
            TrafficClass = trafficClass,
            FlowLabel = (uint)label,
            NextHeader = next,
            HopLimit = hopLimit,
            Source = source,
            Destination = destination,
        };

    private static readonly Gen<TcpFields> FieldsTcp =
        from sourcePort in AnyWord
        from destinationPort in AnyWord
        from sequence in AnyNumber
        from acknowledgment in AnyNumber
        from flags in AnyByte
        from window in AnyWord
        from urgent in AnyWord
        select new TcpFields
        {
            SourcePort = sourcePort,
            DestinationPort = destinationPort,
            Sequence = sequence,
            Acknowledgment = acknowledgment,
            Flags = (TcpFlags)flags,
            Window = window,
            UrgentPointer = urgent,
        };

    private static readonly Gen<MplsLabel> Labels =
        from label in Gen.Choose(0, 0xfffff)
        from trafficClass in Gen.Choose(0, 7)
        from bottom in AnyBool
        from ttl in AnyByte
        select new MplsLabel(label, (byte)trafficClass, bottom, ttl);

    private static readonly Gen<InterfaceInformation> Interfaces =
        from role in Gen.Choose(0, 3)
        from index in Gen.OneOf(Gen.Constant((uint?)null), AnyNumber.Select(value => (uint?)value))
        from address in Gen.OneOf(Gen.Constant((IpAddress?)null), V4.Select(value => (IpAddress?)value), V6.Select(value => (IpAddress?)value))
        from name in Gen.OneOf(Gen.Constant((string?)null), Gen.Elements("", "e", "lan", "eth0", "Gi0/0/0.100", "Schnittstelle-ü", "日本", new string('x', 63)).Select(value => (string?)value))
        from mtu in Gen.OneOf(Gen.Constant((uint?)null), AnyNumber.Select(value => (uint?)value))
        select new InterfaceInformation((byte)role, index, address, name, mtu);

    [Fact]
    public void IPv4_with_options() => Holds(
        from fields in FieldsV4 from options in Options from payload in Payload select (fields, options, payload),
        drawn =>
        {
            var (fields, options, payload) = drawn;
            var packet = Dirty(60 + payload.Length);
            var header = IPv4Header.Write(packet, fields, payload.Length, options);
            payload.CopyTo(packet, header);
            return IPv4Header.TryRead(packet, out var ip)
                && ip.ChecksumValid && !ip.Truncated
                && ip.HeaderLength == header && ip.TotalLength == header + payload.Length
                && ip.Options.SequenceEqual(options) && ip.Payload.SequenceEqual(payload)
                && fields == new IPv4Fields
                {
                    TrafficClass = ip.TrafficClass,
                    Id = ip.Id,
                    DontFragment = ip.DontFragment,
                    MoreFragments = ip.MoreFragments,
                    FragmentOffset = ip.FragmentOffset,
                    Ttl = ip.Ttl,
                    Protocol = ip.Protocol,
                    Source = ip.Source,
                    Destination = ip.Destination,
                };
        });

    [Fact]
    public void IPv6() => Holds(
        from fields in FieldsV6 from payload in Payload select (fields, payload),
        drawn =>
        {
            var (fields, payload) = drawn;
            var packet = Dirty(48 + payload.Length);
            var header = IPv6Header.Write(packet, fields, payload.Length);
            payload.CopyTo(packet, header);
            return IPv6Header.TryRead(packet, out var ip)
                && !ip.Truncated && ip.HeaderLength == 40 && ip.PayloadLength == payload.Length
                && ip.Payload.SequenceEqual(payload) && ip.Protocol == fields.NextHeader
                && fields == new IPv6Fields
                {
                    TrafficClass = ip.TrafficClass,
                    FlowLabel = ip.FlowLabel,
                    NextHeader = ip.NextHeader,
                    HopLimit = ip.HopLimit,
                    Source = ip.Source,
                    Destination = ip.Destination,
                };
        });

    [Fact]
    public void TCP_with_options_and_checksum() => Holds(
        from fields in FieldsTcp from options in Options from payload in Payload from source in V4 from destination in V4 select (fields, options, payload, source, destination),
        drawn =>
        {
            var (fields, options, payload, source, destination) = drawn;
            var segment = Dirty(20 + options.Length + payload.Length);
            var header = TcpHeader.Write(segment, fields, options);
            payload.CopyTo(segment, header);
            TransportChecksum.Write(segment, IpProtocol.Tcp, source, destination);
            return TcpHeader.TryRead(segment, out var tcp)
                && TransportChecksum.IsValid(segment, IpProtocol.Tcp, source, destination)
                && tcp.HeaderLength == header && tcp.Options.SequenceEqual(options) && tcp.Payload.SequenceEqual(payload)
                && fields == new TcpFields
                {
                    SourcePort = tcp.SourcePort,
                    DestinationPort = tcp.DestinationPort,
                    Sequence = tcp.Sequence,
                    Acknowledgment = tcp.Acknowledgment,
                    Flags = tcp.Flags,
                    Window = tcp.Window,
                    UrgentPointer = tcp.UrgentPointer,
                };
        });

    [Fact]
    public void UDP_with_checksum() => Holds(
        from sourcePort in AnyWord from destinationPort in AnyWord from payload in Payload from source in V6 from destination in V6 select (sourcePort, destinationPort, payload, source, destination),
        drawn =>
        {
            var (sourcePort, destinationPort, payload, source, destination) = drawn;
            var datagram = Dirty(8 + payload.Length);
            payload.CopyTo(datagram, UdpHeader.Write(datagram, sourcePort, destinationPort, payload.Length));
            TransportChecksum.Write(datagram, IpProtocol.Udp, source, destination);
            return UdpHeader.TryRead(datagram, out var udp)
                && TransportChecksum.IsValid(datagram, IpProtocol.Udp, source, destination)
                && udp.SourcePort == sourcePort && udp.DestinationPort == destinationPort
                && udp.DatagramLength == datagram.Length && udp.Checksum != 0 && udp.Payload.SequenceEqual(payload);
        });

    [Fact]
    public void ICMP_of_both_families_with_checksum() => Holds(
        from isV6 in AnyBool from type in AnyByte from code in AnyByte from rest in AnyNumber from body in Payload from source in V6 from destination in V6 select (isV6, type, code, rest, body, source, destination),
        drawn =>
        {
            var (isV6, type, code, rest, body, source, destination) = drawn;
            var octets = Dirty(8 + body.Length);
            IcmpMessage.Write(octets, isV6, type, code, rest, body);
            TransportChecksum.Write(octets, isV6 ? IpProtocol.IcmpV6 : IpProtocol.Icmp, source, destination);
            return IcmpMessage.TryRead(octets, isV6, out var message)
                && message.ChecksumValid(source, destination)
                && message.Type == type && message.Code == code && message.Body.SequenceEqual(body)
                && ((uint)message.Identifier << 16 | message.Sequence) == rest;
        });

    [Fact]
    public void Extensions_behind_a_quote() => Holds(
        from isV6 in AnyBool
        from labels in Labels.ArrayOf()
        from interfaces in Interfaces.ArrayOf()
        from withLength in AnyBool
        from size in Gen.Choose(48, 300)
        select (isV6, labels, interfaces, withLength, size),
        drawn =>
        {
            var (isV6, labels, interfaces, withLength, size) = drawn;
            var structure = new byte[65536];
            var length = IcmpExtensionWriter.Write(structure, new IcmpExtensions { Mpls = [.. labels], Interfaces = [.. interfaces] });
            var probe = IcmpErrors.UdpProbe(isV6, size);
            var octets = IcmpErrors.TimeExceeded(isV6, withLength ? 128 / (isV6 ? 8 : 4) : 0, IcmpErrors.Resized(probe, 128), structure[..length]);
            return IcmpMessage.TryRead(octets, isV6, out var message)
                && message.Quote.SequenceEqual(probe.AsSpan(0, Math.Min(size, 128)))
                && message.TryReadExtensions(out var extensions)
                && extensions.Mpls.SequenceEqual(labels) && extensions.Interfaces.SequenceEqual(interfaces);
        });

    // Written over, not into zeros: a writer that leaves an octet alone shows.
    private static byte[] Dirty(int length)
    {
        var octets = new byte[length];
        octets.AsSpan().Fill(0xa5);
        return octets;
    }

    // FsCheck prints the drawn and the shrunk case when a property fails.
    private static void Holds<T>(Gen<T> generator, Func<T, bool> property) => Check.One(
        Config.QuickThrowOnFailure.WithName($"PROBE_SEED={Seed.Value}").WithMaxTest(2000).WithReplay((ulong)Seed.Value, 1),
        Prop.ForAll(generator.ToArbitrary(), property));
}
