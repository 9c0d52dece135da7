using System.Buffers.Binary;
using System.Collections.Frozen;
using Probe.Core.Linux.Sockets;
using Probe.Core.Linux;
using Probe.Core.Packets;
using Probe.Core.Vocabulary;
using static Probe.Core.Linux.Sockets.SocketConstants;

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
        var atNs = nowNs;
        var stamp = StampSource.User;
        var (interfaceIndex, hopLimit, trafficClass) = (0, 0, 0);
        var destination = IpAddress.AnyV6;
        var control = batch.Control(i);
        while (control.MoveNext())
        {
            if (control.Is<timespec>(SOL_SOCKET, SCM_TIMESTAMPING, out var time))
            {
                (atNs, stamp) = clock.Place(time.Nanoseconds, nowNs);
            }
            else if (control.Is<in_pktinfo>(IPPROTO_IP, IP_PKTINFO, out var info4))
            {
                interfaceIndex = info4.ipi_ifindex;
            }
            else if (control.Is<in6_pktinfo>(IPPROTO_IPV6, IPV6_PKTINFO, out var info6))
            {
                interfaceIndex = (int)info6.ipi6_ifindex;
                destination = new IpAddress(control.Data[..16]);
            }
            else if (control.Is<int>(IPPROTO_IPV6, IPV6_HOPLIMIT, out var hops))
            {
                hopLimit = hops;
            }
            else if (control.Is<int>(IPPROTO_IPV6, IPV6_TCLASS, out var octet))
            {
                trafficClass = octet;
            }
        }

        var data = batch.Data(i);
        if (_v6)
        {
            var from = batch.From(i).Address;
            if (Except.Contains(from))
            {
                return;
            }

            sink.Arrived(new ArrivedPacket
            {
                Source = from,
                Destination = destination,
                Ttl = (byte)hopLimit,
                TrafficClass = (byte)trafficClass,
                Protocol = _protocol,
                Payload = data,
                Length = batch.Length(i) + 40,
                Cut = batch.Length(i) > data.Length,
                AtNs = atNs,
                Stamp = stamp,
                InterfaceIndex = interfaceIndex,
            });
            return;
        }

        // A raw IPv4 socket delivers the IP header; the kernel has checked it.
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
            AtNs = atNs,
            Stamp = stamp,
            InterfaceIndex = interfaceIndex,
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
}
