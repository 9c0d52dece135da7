using System.Buffers.Binary;
using System.Collections.Frozen;
using Probe.Core.Linux.Sockets;
using Probe.Core.Linux;
using Probe.Core.Packets;
using Probe.Core.Vocabulary;
using static Probe.Core.Linux.SocketConstants;

namespace Probe.Core.Wire;

/// <summary>
/// One raw receiving socket: a family, a protocol, a filter, kernel stamps, a large buffer and the counter of what it lost.
/// </summary>
internal sealed class RawReceiver : IReceiver
{
    private static ReadOnlySpan<byte> TypesV4 => [0, 3, 4, 5, 11, 12];

    private static ReadOnlySpan<byte> TypesV6 => [1, 2, 3, 4, 129];

    private readonly bool _v6;
    private readonly byte _protocol;

    /// <summary>Opens the socket; for TCP and UDP only packets to <paramref name="ports"/> pass.</summary>
    public RawReceiver(bool v6, int protocol, IReadOnlyList<ushort> ports, int receiveBuffer)
    {
        _v6 = v6;
        _protocol = (byte)protocol;
        Descriptor = SocketCalls.Open(v6 ? AF_INET6 : AF_INET, SOCK_RAW, protocol, "a raw socket");
        try
        {
            Configure(ports, receiveBuffer);
        }
        catch
        {
            Descriptor.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public FileDescriptor Descriptor { get; }

    /// <summary>Sources whose packets another receiver delivers.</summary>
    public IReadOnlySet<IpAddress> Except { get; init; } = FrozenSet<IpAddress>.Empty;

    /// <inheritdoc/>
    public uint Losses => SocketCalls.Drops(Descriptor);

    /// <inheritdoc/>
    public void Listen(IReadOnlyList<ushort> ports)
    {
        if (_protocol is not (IPPROTO_ICMP or IPPROTO_ICMPV6))
        {
            SocketFilter.DestinationPorts(_v6, ports).Attach(Descriptor);
        }
    }

    /// <inheritdoc/>
    public void Deliver(MessageBatch batch, int i, StampClock clock, long nowNs, IPacketSink sink)
    {
        var beside = new Beside(batch.Control(i), clock, nowNs);
        if (_v6)
        {
            DeliverV6(batch, i, beside, sink);
        }
        else
        {
            DeliverV4(batch, i, beside, sink);
        }
    }

    private void DeliverV6(MessageBatch batch, int i, in Beside beside, IPacketSink sink)
    {
        var from = batch.From(i).Address;
        if (Except.Contains(from))
        {
            return;
        }

        var data = batch.Data(i);
        sink.Arrived(new ArrivedPacket
        {
            Source = from,
            Destination = beside.Destination,
            Ttl = beside.HopLimit,
            TrafficClass = beside.TrafficClass,
            Protocol = _protocol,
            Payload = data,
            Length = batch.Length(i) + 40,
            Cut = batch.Length(i) > data.Length,
            AtNs = beside.AtNs,
            Stamp = beside.Stamp,
            InterfaceIndex = beside.InterfaceIndex,
        });
    }

    private void DeliverV4(MessageBatch batch, int i, in Beside beside, IPacketSink sink)
    {
        // A raw IPv4 socket delivers the IP header; the kernel has checked it.
        var data = batch.Data(i);
        var headerLength = data.IsEmpty ? 0 : (data[0] & 0xf) * 4;
        if (data.Length < 20 || headerLength < 20 || headerLength > data.Length)
        {
            return;
        }

        var source = IpAddress.FromV4(BinaryPrimitives.ReadUInt32BigEndian(data[12..]));
        if (Except.Contains(source))
        {
            return;
        }

        sink.Arrived(new ArrivedPacket
        {
            Source = source,
            Destination = IpAddress.FromV4(BinaryPrimitives.ReadUInt32BigEndian(data[16..])),
            Ttl = data[8],
            TrafficClass = data[1],
            Protocol = _protocol,
            Payload = data[headerLength..],
            Length = batch.Length(i),
            Cut = batch.Length(i) > data.Length,
            AtNs = beside.AtNs,
            Stamp = beside.Stamp,
            InterfaceIndex = beside.InterfaceIndex,
        });
    }

    /// <inheritdoc/>
    public void Dispose() => Descriptor.Dispose();

    private void Configure(IReadOnlyList<ushort> ports, int receiveBuffer)
    {
        switch (_protocol)
        {
            case IPPROTO_ICMP:
                SocketCalls.IcmpTypes(Descriptor, TypesV4);
                break;
            case IPPROTO_ICMPV6:
                SocketCalls.IcmpV6Types(Descriptor, TypesV6);
                break;
            default:
                Listen(ports);
                break;
        }

        SocketCalls.ReceiveBuffer(Descriptor, receiveBuffer);
        SocketCalls.Set(
            Descriptor, SOL_SOCKET, SO_TIMESTAMPING, SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE, nameof(SO_TIMESTAMPING));
        SocketCalls.Set(Descriptor, SOL_SOCKET, SO_RXQ_OVFL, 1, nameof(SO_RXQ_OVFL));
        if (_v6)
        {
            // IPV6_RECVERR stays off: with it, raw sockets learn path MTUs.
            SocketCalls.LearnNoPathMtu(Descriptor, AF_INET6, IP_PMTUDISC_OMIT);
            SocketCalls.Set(Descriptor, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1, nameof(IPV6_RECVPKTINFO));
            SocketCalls.Set(Descriptor, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1, nameof(IPV6_RECVHOPLIMIT));
            SocketCalls.Set(Descriptor, IPPROTO_IPV6, IPV6_RECVTCLASS, 1, nameof(IPV6_RECVTCLASS));
        }
        else
        {
            // By default a raw socket that merely receives teaches the route cache every frag-needed that quotes its protocol.
            SocketCalls.LearnNoPathMtu(Descriptor, AF_INET, IP_PMTUDISC_OMIT);
            SocketCalls.Set(Descriptor, IPPROTO_IP, IP_PKTINFO, 1, nameof(IP_PKTINFO));
        }
    }

    /// <summary>What the kernel says of a packet beside its octets.</summary>
    private readonly struct Beside
    {
        public Beside(ControlMessages control, StampClock clock, long nowNs)
        {
            (AtNs, Stamp, Destination) = (nowNs, StampSource.User, IpAddress.AnyV6);
            while (control.MoveNext())
            {
                if (control.Is<timespec>(SOL_SOCKET, SCM_TIMESTAMPING, out var time))
                {
                    (AtNs, Stamp) = clock.Place(time.Nanoseconds, nowNs);
                }
                else if (control.Is<in_pktinfo>(IPPROTO_IP, IP_PKTINFO, out var info4))
                {
                    InterfaceIndex = info4.ipi_ifindex;
                }
                else if (control.Is<in6_pktinfo>(IPPROTO_IPV6, IPV6_PKTINFO, out var info6))
                {
                    InterfaceIndex = (int)info6.ipi6_ifindex;
                    Destination = new IpAddress(control.Data[..16]);
                }
                else if (control.Is<int>(IPPROTO_IPV6, IPV6_HOPLIMIT, out var hops))
                {
                    HopLimit = (byte)hops;
                }
                else if (control.Is<int>(IPPROTO_IPV6, IPV6_TCLASS, out var octet))
                {
                    TrafficClass = (byte)octet;
                }
            }
        }

        public long AtNs { get; }

        public StampSource Stamp { get; }

        public int InterfaceIndex { get; }

        public byte HopLimit { get; }

        public byte TrafficClass { get; }

        public IpAddress Destination { get; }
    }
}
