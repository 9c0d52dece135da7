using System.Runtime.InteropServices;
using Probe.Core.Linux.Netlink;
using Probe.Core.Linux.Sockets;
using Probe.Core.Linux;
using Probe.Core.Packets;
using static Probe.Core.Linux.SocketConstants;

namespace Probe.Lab.Networks;

/// <summary>
/// An AF_PACKET socket on the end of a veth pair that has no address. It needs no device node and no rights beyond a namespace's own, so it
/// works for a plain user inside <c>unshare -Urn</c>.
/// </summary>
internal sealed unsafe class VethLink : IPacketLink
{
    // linux/if_packet.h: the checksum was left to the device, which a veth does not have.
    private const uint TP_STATUS_CSUMNOTREADY = 1 << 3;
    private const int ControlSize = 64;
    private const int PacketSize = 65536;

    private readonly MessageBatch _batch = new(1, PacketSize, ControlSize);
    private readonly sockaddr_ll _peer;

    /// <summary>Opens the socket in the calling thread's network namespace.</summary>
    /// <param name="device">The end without an address.</param>
    /// <param name="peer">Link-layer address of the other end.</param>
    public VethLink(string device, ReadOnlySpan<byte> peer)
    {
        var index = Interfaces.Index(device);
        Descriptor = SocketCalls.Open(AF_PACKET, SOCK_DGRAM, 0, "a packet socket");
        SocketCalls.Set(Descriptor, SOL_PACKET, PACKET_IGNORE_OUTGOING, 1, nameof(PACKET_IGNORE_OUTGOING));
        SocketCalls.Set(Descriptor, SOL_PACKET, PACKET_AUXDATA, 1, nameof(PACKET_AUXDATA));
        SocketCalls.ReceiveBuffer(Descriptor, 8 << 20);
        SocketCalls.Bind(Descriptor, new sockaddr_ll { sll_family = AF_PACKET, sll_protocol = Swap(ETH_P_ALL), sll_ifindex = index },
            $"listen on {device}");
        _peer = new sockaddr_ll { sll_family = AF_PACKET, sll_ifindex = index, sll_halen = 6 };
        fixed (byte* address = _peer.sll_addr)
        {
            peer[..6].CopyTo(new Span<byte>(address, 6));
        }
    }

    public FileDescriptor Descriptor { get; }

    public int Read(Span<byte> packet)
    {
        while (_batch.Receive(Descriptor, 0) == 1)
        {
            var protocol = Swap(_batch.FromLink(0).sll_protocol);
            var data = _batch.Data(0);
            if (protocol is not (ETH_P_IP or ETH_P_IPV6) || data.Length > packet.Length)
            {
                continue;
            }

            data.CopyTo(packet);
            if (IsChecksumMissing())
            {
                FinishChecksum(packet[..data.Length]);
            }

            return data.Length;
        }

        return -1;
    }

    public bool Write(ReadOnlySpan<byte> packet)
    {
        var to = _peer;
        to.sll_protocol = Swap(packet[0] >> 4 == 6 ? ETH_P_IPV6 : ETH_P_IP);
        fixed (byte* data = packet)
        {
            if (LibC.sendto(Descriptor, data, (nuint)packet.Length, 0, &to, (uint)sizeof(sockaddr_ll)) >= 0)
            {
                return true;
            }
        }

        var errno = Marshal.GetLastPInvokeError();
        return errno is Errno.EAGAIN or Errno.ENOBUFS or Errno.EMSGSIZE or Errno.ENETDOWN
            ? false : throw new LinuxException(errno, "send to a veth");
    }

    public void Dispose() => Descriptor.Dispose();

    private bool IsChecksumMissing()
    {
        var control = _batch.Control(0);
        while (control.MoveNext())
        {
            if (control.Is<uint>(SOL_PACKET, PACKET_AUXDATA, out var status))
            {
                return (status & TP_STATUS_CSUMNOTREADY) != 0;
            }
        }

        return false;
    }

    private static void FinishChecksum(Span<byte> packet)
    {
        if (IpPacket.TryRead(packet, out var ip) && ip is { FragmentOffset: 0, Truncated: false } && ip.Protocol is IpProtocol.Tcp
            or IpProtocol.Udp && ip.Payload.Length >= 8)
        {
            TransportChecksum.Write(packet.Slice(ip.HeaderLength, ip.Payload.Length), ip.Protocol, ip.Source, ip.Destination);
        }
    }

    private static ushort Swap(int value) => System.Buffers.Binary.BinaryPrimitives.ReverseEndianness((ushort)value);
}
