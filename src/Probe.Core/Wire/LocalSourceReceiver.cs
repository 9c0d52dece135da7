using System.Buffers.Binary;
using Probe.Core.Linux.Sockets;
using Probe.Core.Linux;
using Probe.Core.Packets;
using Probe.Core.Vocabulary;
using static Probe.Core.Linux.SocketConstants;

namespace Probe.Core.Wire;

/// <summary>
/// Receives what comes from outside under an address of this host's own, as real servers answer under a virtual address that a load
/// balancer holds too. The kernel drops such packets before any AF_INET socket (fib_validate_source, unless accept_local is set); a packet
/// socket sees them earlier.
/// Bound to one protocol it sees no outgoing packets.
/// </summary>
internal sealed class LocalSourceReceiver : IReceiver
{
    private readonly IReadOnlySet<IpAddress> _sources;
    private readonly bool _v6;
    private readonly int _transport;

    /// <summary>Opens the socket in the calling thread's network namespace.</summary>
    /// <param name="sources">Addresses that the answers come from, all of one family.</param>
    /// <param name="v6">That family.</param>
    /// <param name="transport">IPPROTO_TCP or IPPROTO_UDP besides ICMP; 0 for ICMP alone.</param>
    /// <param name="ports">Destination ports of that transport.</param>
    /// <param name="receiveBuffer">Octets that wait for this process.</param>
    public LocalSourceReceiver(IReadOnlySet<IpAddress> sources, bool v6, int transport, IReadOnlyList<ushort> ports, int receiveBuffer)
    {
        (_sources, _v6, _transport) = (sources, v6, transport);

        // Protocol 0 receives nothing until bind: the filter stands before the first packet comes.
        Descriptor = SocketCalls.Open(AF_PACKET, SOCK_DGRAM, 0, "a packet socket");
        try
        {
            Listen(ports);
            SocketCalls.ReceiveBuffer(Descriptor, receiveBuffer);
            SocketCalls.Set(
                Descriptor, SOL_SOCKET, SO_TIMESTAMPING, SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE, nameof(SO_TIMESTAMPING));
            SocketCalls.Bind(Descriptor, new sockaddr_ll
            {
                sll_family = AF_PACKET,
                sll_protocol = BinaryPrimitives.ReverseEndianness((ushort)(v6 ? ETH_P_IPV6 : ETH_P_IP)),
            }, "receive on all interfaces");
        }
        catch
        {
            Descriptor.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public FileDescriptor Descriptor { get; }

    /// <inheritdoc/>
    public uint Losses => SocketCalls.Drops(Descriptor);

    /// <inheritdoc/>
    public void Listen(IReadOnlyList<ushort> ports) => SocketFilter.AnswersFrom(_sources, _v6, _transport, ports).Attach(Descriptor);

    /// <inheritdoc/>
    public void Deliver(MessageBatch batch, int i, StampClock clock, long nowNs, IPacketSink sink)
    {
        ref readonly var link = ref batch.FromLink(i);

        // Unlike for a raw socket, nobody has checked the header yet.
        if (link.sll_pkttype != PACKET_HOST || !IpPacket.TryRead(batch.Data(i), out var ip) || !ip.HeaderChecksumValid
            || ip.FragmentOffset != 0
            || !_sources.Contains(ip.Source))
        {
            return;
        }

        var (atNs, stamp) = (nowNs, StampSource.User);
        var control = batch.Control(i);
        while (control.MoveNext())
        {
            if (control.Is<timespec>(SOL_SOCKET, SCM_TIMESTAMPING, out var time) && time.Nanoseconds != 0)
            {
                (atNs, stamp) = clock.Place(time.Nanoseconds, nowNs);
            }
        }

        sink.Arrived(new ArrivedPacket
        {
            Source = ip.Source,
            Destination = ip.Destination,
            Ttl = ip.Ttl,
            TrafficClass = ip.TrafficClass,
            Protocol = ip.Protocol,
            Payload = ip.Payload,
            Length = ip.TotalLength,
            Cut = ip.Truncated,
            OnLink = true,
            AtNs = atNs,
            Stamp = stamp,
            InterfaceIndex = link.sll_ifindex,
        });
    }

    /// <inheritdoc/>
    public void Dispose() => Descriptor.Dispose();
}
