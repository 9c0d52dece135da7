using System.Buffers.Binary;
using static Probe.Core.Linux.SocketConstants;

namespace Probe.Core.Capture;

/// <summary>What stands before the IP header of a captured packet, and what it tells.</summary>
internal readonly record struct LinkHeader(int Length, bool? Outgoing, int InterfaceIndex)
{
    // ETH_P_8021AD and ETH_P_QINQ1 of linux/if_ether.h.
    private const ushort ServiceVlan = 0x88A8;
    private const ushort OldServiceVlan = 0x9100;
    private const int VlanTag = 4;

    /// <summary>Whether packets of this link type can be read.</summary>
    public static bool IsKnown(LinkType type) => type is LinkType.Loopback or LinkType.Ethernet or LinkType.RawIp
        or LinkType.LoopbackNetworkOrder or LinkType.LinuxCooked or LinkType.IPv4 or LinkType.IPv6 or LinkType.LinuxCooked2;

    /// <summary>
    /// Finds the IP header behind the link layer's and its VLAN tags; false where something else is carried, or too little was kept.
    /// </summary>
    public static bool TryRead(LinkType type, ReadOnlySpan<byte> octets, out LinkHeader header)
    {
        header = default;
        return type switch
        {
            LinkType.Ethernet => octets.Length >= 14 && TryPassTags(octets, typeAt: 12, length: 14, out header),
            LinkType.LinuxCooked => octets.Length >= 16
                && TryPassTags(octets, typeAt: 14, length: 16, out header, Direction(BinaryPrimitives.ReadUInt16BigEndian(octets))),
            LinkType.LinuxCooked2 => octets.Length >= 20
                && TryPassTags(octets, typeAt: 0, length: 20, out header, Direction(octets[10]),
                    BinaryPrimitives.ReadInt32BigEndian(octets[4..])),
            LinkType.Loopback or LinkType.LoopbackNetworkOrder => IsIp(octets, 4, out header),
            LinkType.RawIp or LinkType.IPv4 or LinkType.IPv6 => IsIp(octets, 0, out header),
            _ => false,
        };
    }

    // All values below PACKET_OUTGOING were received (linux/if_packet.h).
    private static bool? Direction(int packetType) => packetType <= PACKET_OUTGOING ? packetType == PACKET_OUTGOING : null;

    private static bool TryPassTags(
        ReadOnlySpan<byte> octets, int typeAt, int length, out LinkHeader header, bool? outgoing = null, int interfaceIndex = 0)
    {
        var type = BinaryPrimitives.ReadUInt16BigEndian(octets[typeAt..]);
        while (type is ETH_P_8021Q or ServiceVlan or OldServiceVlan && octets.Length >= length + VlanTag)
        {
            type = BinaryPrimitives.ReadUInt16BigEndian(octets[(length + 2)..]);
            length += VlanTag;
        }

        var isIp = IsIp(octets, length, out header) && type is ETH_P_IP or ETH_P_IPV6;
        header = new LinkHeader(length, outgoing, interfaceIndex);
        return isIp;
    }

    private static bool IsIp(ReadOnlySpan<byte> octets, int at, out LinkHeader header)
    {
        header = new LinkHeader(at, null, 0);
        return octets.Length > at && octets[at] >> 4 is 4 or 6;
    }
}
