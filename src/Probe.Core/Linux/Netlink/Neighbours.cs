using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Probe.Core.Packets;
using static Probe.Core.Linux.NetlinkConstants;
using static Probe.Core.Linux.SocketConstants;

namespace Probe.Core.Linux.Netlink;

/// <summary>What the kernel knows of a neighbour on a link.</summary>
/// <param name="Address">Its address.</param>
/// <param name="InterfaceIndex">The link.</param>
/// <param name="State">NUD_INCOMPLETE, NUD_FAILED, …</param>
/// <param name="ConfirmedAgoNs">Nanoseconds since it was last known to answer, in steps of 10 ms.</param>
/// <param name="Mac">Its Ethernet address, 48 bits; null while it is not known.</param>
internal readonly record struct Neighbour(IpAddress Address, int InterfaceIndex, ushort State, long ConfirmedAgoNs, ulong? Mac = null);

/// <summary>The neighbour tables (ARP and neighbour discovery) of the calling thread's network namespace (RTM_GETNEIGH).</summary>
internal static unsafe class Neighbours
{
    /// <summary>All entries of both families.</summary>
    public static IReadOnlyList<Neighbour> Read()
    {
        var neighbours = new List<Neighbour>();
        using var netlink = new NetlinkSocket();
        var errno = netlink.Ask(NetlinkMessage.Of<ndmsg>(RTM_GETNEIGH, NLM_F_REQUEST | NLM_F_DUMP, default), (type, body) =>
        {
            if (type == RTM_NEWNEIGH && body.Length >= sizeof(ndmsg))
            {
                Add(neighbours, body);
            }
        });
        return errno == 0 ? neighbours : throw new LinuxException(errno, "list neighbours");
    }

    /// <summary>
    /// Makes the kernel ask a neighbour that it knows whether it is still there (NUD_PROBE), as <c>ip neigh change … nud probe</c> does.
    /// </summary>
    /// <returns>False where it is not permitted (CAP_NET_ADMIN) or the entry is gone.</returns>
    public static bool TryProbe(NetlinkSocket netlink, IpAddress address, int interfaceIndex)
    {
        Span<byte> octets = stackalloc byte[16];
        var header =
            new ndmsg { ndm_family = (byte)(address.IsV4 ? AF_INET : AF_INET6), ndm_ifindex = interfaceIndex, ndm_state = NUD_PROBE };
        return netlink.Ask(NetlinkMessage.Of(RTM_NEWNEIGH, NLM_F_REQUEST | NLM_F_ACK | NLM_F_REPLACE, header)
            .Attribute(NDA_DST, octets[..address.WriteTo(octets)])) == 0;
    }

    private static void Add(List<Neighbour> neighbours, ReadOnlySpan<byte> body)
    {
        var header = MemoryMarshal.Read<ndmsg>(body);
        var (address, ticks, mac) = (default(IpAddress), 0u, default(ulong?));
        var attributes = new NetlinkAttributes(body[sizeof(ndmsg)..]);
        while (attributes.MoveNext())
        {
            switch (attributes.Type)
            {
                case NDA_DST when attributes.Value.Length is 4 or 16:
                    address = new IpAddress(attributes.Value);
                    break;
                case NDA_LLADDR when attributes.Value.Length == 6:
                    mac = (ulong)BinaryPrimitives.ReadUInt16BigEndian(attributes.Value) << 32
                        | BinaryPrimitives.ReadUInt32BigEndian(attributes.Value[2..]);
                    break;
                case NDA_CACHEINFO when attributes.Value.Length >= sizeof(nda_cacheinfo):
                    ticks = MemoryMarshal.Read<nda_cacheinfo>(attributes.Value).ndm_confirmed;
                    break;
            }
        }

        // A bridge's forwarding entries have no address.
        if (!address.IsNone)
        {
            neighbours.Add(new Neighbour(address, header.ndm_ifindex, header.ndm_state, ticks * (1_000_000_000L / Routes.UserHz), mac));
        }
    }
}
