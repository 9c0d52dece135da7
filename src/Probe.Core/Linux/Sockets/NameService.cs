using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using Probe.Core.Packets;

namespace Probe.Core.Linux.Sockets;

/// <summary>Reverse names by the system's own resolver (/etc/hosts, DNS, whatever nsswitch.conf says).</summary>
public static partial class NameService
{
    private const ushort AF_INET = 2;
    private const ushort AF_INET6 = 10;
    private const int NI_NAMEREQD = 8;
    private const int LongestName = 1025;

    /// <summary>
    /// The name of an address; null when it has none or no resolver answered. Blocks for as long as the resolver does.
    /// The framework's call also resolves the name forward again, which doubles the questions and can lose the name.
    /// </summary>
    public static unsafe string? NameOf(IpAddress address)
    {
        // sockaddr_in or sockaddr_in6, getnameinfo(3): family in host order, the address after port (and flow information).
        Span<byte> endpoint = stackalloc byte[28];
        endpoint.Clear();
        BinaryPrimitives.WriteUInt16LittleEndian(endpoint, address.IsV4 ? AF_INET : AF_INET6);
        address.WriteTo(endpoint[(address.IsV4 ? 4 : 8)..]);

        Span<byte> name = stackalloc byte[LongestName];
        fixed (byte* endpointStart = endpoint, nameStart = name)
        {
            var result = getnameinfo(endpointStart, address.IsV4 ? 16u : 28u, nameStart, LongestName, null, 0, NI_NAMEREQD);
            var length = name.IndexOf((byte)0);
            return result == 0 && length > 0 ? Encoding.UTF8.GetString(name[..length]) : null;
        }
    }

    [LibraryImport("libc")]
    private static unsafe partial int getnameinfo(
        byte* address, uint addressLength, byte* name, uint nameLength, byte* service, uint serviceLength, int flags);
}
