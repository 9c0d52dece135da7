using System.Text;
using Probe.Core.Packets;
using static Probe.Core.Linux.SocketConstants;

namespace Probe.Core.Linux.Sockets;

/// <summary>Reverse names by the system's own resolver (/etc/hosts, DNS, whatever nsswitch.conf says).</summary>
public static class NameService
{

    /// <summary>
    /// The name of an address; null when it has none or no resolver answered. Blocks for as long as the resolver does.
    /// The framework's call also resolves the name forward again, which doubles the questions and can lose the name.
    /// </summary>
    public static unsafe string? NameOf(IpAddress address)
    {
        var endpoint = new SocketAddress(address, 0);
        Span<byte> name = stackalloc byte[NI_MAXHOST];
        fixed (byte* at = name)
        {
            var result = LibC.getnameinfo(&endpoint, endpoint.Length, at, NI_MAXHOST, null, 0, NI_NAMEREQD);
            var length = name.IndexOf((byte)0);
            return result == 0 && length > 0 ? Encoding.UTF8.GetString(name[..length]) : null;
        }
    }
}
