using System.Runtime.InteropServices;
using Probe.Core.Packets;
using static Probe.Core.Linux.NetlinkConstants;

namespace Probe.Core.Linux.Netlink;

/// <summary>An address of this host with its prefix.</summary>
/// <param name="Address">The address.</param>
/// <param name="PrefixLength">Bits of its prefix.</param>
/// <param name="InterfaceIndex">The interface that holds it.</param>
internal readonly record struct InterfaceAddress(IpAddress Address, int PrefixLength, int InterfaceIndex)
{
    /// <summary>The other address lies in the same prefix.</summary>
    public bool Covers(IpAddress other)
    {
        if (other.Length != Address.Length)
        {
            return false;
        }

        var rest = Address.Length * 8 - PrefixLength;
        return rest == 128 || (Address.Bits ^ other.Bits) >> rest == 0;
    }
}

/// <summary>The addresses of the calling thread's network namespace (RTM_GETADDR), also those of interfaces that are down.</summary>
internal static unsafe class InterfaceAddresses
{
    /// <summary>All of both families.</summary>
    public static IReadOnlyList<InterfaceAddress> Read()
    {
        var addresses = new List<InterfaceAddress>();
        using var netlink = new NetlinkSocket();
        var errno = netlink.Ask(NetlinkMessage.Of<ifaddrmsg>(RTM_GETADDR, NLM_F_REQUEST | NLM_F_DUMP, default), (type, body) =>
        {
            if (type == RTM_NEWADDR && body.Length >= sizeof(ifaddrmsg))
            {
                Add(addresses, body);
            }
        });
        return errno == 0 ? addresses : throw new LinuxException(errno, "list addresses");
    }

    private static void Add(List<InterfaceAddress> addresses, ReadOnlySpan<byte> body)
    {
        var header = MemoryMarshal.Read<ifaddrmsg>(body);
        IpAddress address = default;
        var attributes = new NetlinkAttributes(body[sizeof(ifaddrmsg)..]);
        while (attributes.MoveNext())
        {
            // IFA_ADDRESS is the far end of a point-to-point link; the prefix belongs to it.
            if (attributes is { Type: IFA_ADDRESS, Value.Length: 4 or 16 })
            {
                address = new IpAddress(attributes.Value);
            }
        }

        if (!address.IsNone)
        {
            addresses.Add(new InterfaceAddress(address, header.ifa_prefixlen, (int)header.ifa_index));
        }
    }
}
