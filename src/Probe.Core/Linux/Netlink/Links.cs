using System.Runtime.InteropServices;
using System.Text;
using static Probe.Core.Linux.NetlinkConstants;

namespace Probe.Core.Linux.Netlink;

/// <summary>One interface as the kernel lists it.</summary>
/// <param name="Index">Its index in its network namespace.</param>
/// <param name="Name">Its name.</param>
/// <param name="Mtu">Octets of an IP packet.</param>
/// <param name="IsUp">Administratively up (IFF_UP).</param>
/// <param name="HasCarrier">The driver signals a carrier (IFF_LOWER_UP).</param>
/// <param name="HardwareType">ARPHRD_…: 1 Ethernet, 772 loopback, 65534 none.</param>
internal sealed record Link(int Index, string Name, int Mtu, bool IsUp, bool HasCarrier, int HardwareType);

/// <summary>The interfaces of the calling thread's network namespace (RTM_GETLINK).</summary>
internal static unsafe class Links
{
    /// <summary>All interfaces, in the order of their index.</summary>
    public static IReadOnlyList<Link> Read()
    {
        var links = new List<Link>();
        using var netlink = new NetlinkSocket();
        var errno = netlink.Ask(
            NetlinkMessage.Of<ifinfomsg>(RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP, default),
            (type, body) =>
            {
                if (type == RTM_NEWLINK && body.Length >= sizeof(ifinfomsg))
                {
                    links.Add(Parse(body));
                }
            });
        if (errno != 0)
        {
            throw new LinuxException(errno, "list interfaces");
        }

        links.Sort((a, b) => a.Index.CompareTo(b.Index));
        return links;
    }

    private static Link Parse(ReadOnlySpan<byte> body)
    {
        var info = MemoryMarshal.Read<ifinfomsg>(body);
        var (name, mtu) = ("", 0);
        var attributes = new NetlinkAttributes(body[sizeof(ifinfomsg)..]);
        while (attributes.MoveNext())
        {
            switch (attributes.Type)
            {
                case IFLA_IFNAME:
                    name = Encoding.UTF8.GetString(attributes.Value.TrimEnd((byte)0));
                    break;
                case IFLA_MTU:
                    mtu = (int)attributes.Number;
                    break;
            }
        }

        return new Link(info.ifi_index, name, mtu, (info.ifi_flags & IFF_UP) != 0, (info.ifi_flags & IFF_LOWER_UP) != 0, info.ifi_type);
    }
}
