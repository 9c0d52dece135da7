using Probe.Core.Linux;

namespace Probe.Core.Health;

/// <summary>
/// The error number that the kernel gives a connection for an ICMP error: <c>icmp_err_convert</c> of net/ipv4/icmp.c,
/// <c>icmpv6_err_convert</c> of net/ipv6/icmp.c.
/// </summary>
internal static class IcmpErrno
{
    public static int Of(bool isV6, byte type, byte code) => (isV6, type) switch
    {
        (false, 3) => code switch
        {
            0 or 6 or 9 or 11 => Errno.ENETUNREACH,
            2 => Errno.ENOPROTOOPT,
            3 => Errno.ECONNREFUSED,
            4 => Errno.EMSGSIZE,
            5 => Errno.EOPNOTSUPP,
            7 => Errno.EHOSTDOWN,
            8 => Errno.ENONET,
            _ => Errno.EHOSTUNREACH,
        },
        (true, 1) => code switch
        {
            0 => Errno.ENETUNREACH,
            1 or 5 or 6 => Errno.EACCES,
            4 => Errno.ECONNREFUSED,
            _ => Errno.EHOSTUNREACH,
        },
        (true, 2) => Errno.EMSGSIZE,
        (false, 12) or (true, 4) => Errno.EPROTO,
        _ => Errno.EHOSTUNREACH,
    };
}
