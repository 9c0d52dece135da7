using System.Buffers.Binary;
using Probe.Core.Linux.Netlink;
using Probe.Core.Linux.Sockets;
using Probe.Core.Linux;
using static Probe.Core.Linux.SocketConstants;

namespace Probe.Core.Capture;

/// <summary>One packet as the interface saw it.</summary>
public readonly ref struct CapturedPacket
{
    /// <summary>The packet from its IP header on; from the Ethernet header on when the capture was opened so.</summary>
    public required ReadOnlySpan<byte> Octets { get; init; }

    /// <summary>Octets it had; more than <see cref="Octets"/> holds when it was cut.</summary>
    public required int Length { get; init; }

    /// <summary>When the kernel saw it, nanoseconds since 1970 (UTC).</summary>
    public required long UnixNs { get; init; }

    /// <summary>The kernel gave no stamp; the clock was read in this process.</summary>
    public required bool UserStamp { get; init; }

    /// <summary>This host sent it.</summary>
    public required bool Outgoing { get; init; }

    /// <summary>Index of the interface.</summary>
    public required int InterfaceIndex { get; init; }
}

/// <summary>Takes what a capture saw. The spans are valid only during the call.</summary>
public interface ICaptureSink
{
    /// <summary>A packet was seen.</summary>
    void Captured(in CapturedPacket packet);
}

/// <summary>What a capture got and lost.</summary>
/// <param name="Packets">Packets that passed the filter, lost ones included.</param>
/// <param name="Lost">Packets lost because this process was late.</param>
public readonly record struct CaptureCounts(long Packets, long Lost);

/// <summary>
/// Sees the IP packets of one interface or of all, both ways, as they are on the wire (AF_PACKET) with kernel stamps. Packets to local
/// peers may show unfinished checksums, and segmentation offload shows packets larger than the MTU. Not thread-safe.
/// </summary>
public sealed class PacketCapture : IDisposable
{
    private const int BatchSize = 32;

    // Receive stamps are switched on by a deferred job of the kernel.
    private const int WarmUpMs = 3;

    private readonly FileDescriptor _socket;
    private readonly MessageBatch _batch;
    private readonly Waiter _waiter;
    private readonly Dictionary<int, string> _names = [];
    private long _packets;
    private long _lost;

    /// <summary>Opens the capture in the calling thread's network namespace; from the return on, nothing is missed.</summary>
    /// <param name="filter">What to take.</param>
    /// <param name="networkInterface">One interface; null for all.</param>
    /// <param name="linkType">Whether octets begin with the IP header or the Ethernet header.</param>
    /// <param name="keep">Octets kept of each packet; the rest is cut off.</param>
    /// <param name="buffer">Octets that wait for this process before packets are lost.</param>
    /// <exception cref="LinuxException">No CAP_NET_RAW, or no such interface.</exception>
    public PacketCapture(
        CaptureFilter filter, string? networkInterface = null, LinkType linkType = LinkType.RawIp, int keep = 65_536, int buffer = 8 << 20)
    {
        ArgumentNullException.ThrowIfNull(filter);
        LinkType = linkType;

        // Protocol 0 receives nothing until bind: the filter stands before the first packet comes.
        _socket = SocketCalls.Open(AF_PACKET, linkType == LinkType.RawIp ? SOCK_DGRAM : SOCK_RAW, 0, "a packet socket");
        try
        {
            filter.Build().Attach(_socket);
            SocketCalls.ReceiveBuffer(_socket, buffer);
            SocketCalls.Set(
                _socket, SOL_SOCKET, SO_TIMESTAMPING, SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE, nameof(SO_TIMESTAMPING));
            var address = new sockaddr_ll
            {
                sll_family = AF_PACKET,
                sll_protocol = BinaryPrimitives.ReverseEndianness((ushort)ETH_P_ALL),
                sll_ifindex = networkInterface is null ? 0 : Interfaces.Index(networkInterface),
            };
            foreach (var link in Links.Read())
            {
                _names[link.Index] = link.Name;
            }

            _batch = new MessageBatch(keep > 4096 ? 8 : BatchSize, keep, controlSize: 128);
            _waiter = new Waiter(_socket);
            SocketCalls.Bind(_socket, address, networkInterface is null ? "capture on all interfaces" : $"capture on {networkInterface}");
            Thread.Sleep(WarmUpMs);
        }
        catch
        {
            _waiter?.Dispose();
            _socket.Dispose();
            throw;
        }
    }

    /// <summary>What <see cref="CapturedPacket.Octets"/> begins with.</summary>
    public LinkType LinkType { get; }

    /// <summary>Name of an interface as it was when the capture began; "if" and its index for one that came later.</summary>
    public string InterfaceName(int index) => _names.TryGetValue(index, out var name) ? name : $"if{index}";

    /// <summary>Waits at most this long for packets and hands over all that are there; 0 looks once.</summary>
    /// <param name="waitNs">Nanoseconds; <see cref="long.MaxValue"/> waits until a packet or <see cref="Wake"/>.</param>
    /// <param name="sink">Takes the packets.</param>
    /// <returns>How many came.</returns>
    public int Read(long waitNs, ICaptureSink sink)
    {
        ArgumentNullException.ThrowIfNull(sink);
        _waiter.Wait(waitNs);
        var total = 0;
        int count;
        do
        {
            count = _batch.Receive(_socket, MSG_TRUNC);
            var now = count > 0 ? Clock.Realtime : 0;
            for (var i = 0; i < count; i++)
            {
                Deliver(i, now, sink);
            }

            total += count;
        }
        while (count == _batch.Capacity);

        return total;
    }

    /// <summary>Takes other packets from now on; nothing is missed between the two filters.</summary>
    /// <exception cref="LinuxException">The kernel refuses the filter.</exception>
    public void Take(CaptureFilter filter)
    {
        ArgumentNullException.ThrowIfNull(filter);
        filter.Build().Attach(_socket);
    }

    /// <summary>Ends a waiting <see cref="Read"/> from another thread.</summary>
    public void Wake() => _waiter.Wake();

    /// <summary>What was seen and lost since the capture began.</summary>
    public CaptureCounts ReadCounts()
    {
        // The kernel's counters start anew with each reading (packet_getsockopt).
        var counts = SocketCalls.Get<tpacket_stats>(_socket, SOL_PACKET, PACKET_STATISTICS, nameof(PACKET_STATISTICS));
        _packets += counts.tp_packets;
        _lost += counts.tp_drops;
        return new CaptureCounts(_packets, _lost);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _waiter.Dispose();
        _socket.Dispose();
    }

    private void Deliver(int i, long now, ICaptureSink sink)
    {
        var (at, user) = (now, true);
        var control = _batch.Control(i);
        while (control.MoveNext())
        {
            if (control.Is<timespec>(SOL_SOCKET, SCM_TIMESTAMPING, out var time) && time.Nanoseconds != 0)
            {
                (at, user) = (time.Nanoseconds, false);
            }
        }

        ref readonly var from = ref _batch.FromLink(i);
        sink.Captured(new CapturedPacket
        {
            Octets = _batch.Data(i),
            Length = _batch.Length(i),
            UnixNs = at,
            UserStamp = user,
            Outgoing = from.sll_pkttype == PACKET_OUTGOING,
            InterfaceIndex = from.sll_ifindex,
        });
    }
}
