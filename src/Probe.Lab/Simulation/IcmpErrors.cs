using Probe.Core.Packets;

namespace Probe.Lab.Simulation;

/// <summary>The same complaint in either family.</summary>
internal static class IcmpErrors
{
    /// <summary>Fragmentation needed, or packet too big.</summary>
    public static IcmpCode TooBig(bool isV6, uint mtu) => isV6
        ? new IcmpCode(IcmpType.PacketTooBigV6, 0, mtu)
        : new IcmpCode(IcmpType.DestinationUnreachable, IcmpType.FragmentationNeededCode, mtu & 0xffff);

    public static bool IsTooBig(in IcmpMessage message) => message.IsV6
        ? message.Type == IcmpType.PacketTooBigV6
        : message is { Type: IcmpType.DestinationUnreachable, Code: IcmpType.FragmentationNeededCode };

    /// <summary>Time exceeded in transit.</summary>
    public static IcmpCode Expired(bool isV6) => new(isV6 ? IcmpType.TimeExceededV6 : IcmpType.TimeExceeded, 0);

    /// <summary>
    /// An error other than <see cref="TooBig"/> in the family of a packet that was inside (RFC 2473 section 8, RFC 4213 section 3.4).
    /// </summary>
    public static IcmpCode Translate(byte type, byte code, bool fromV6, bool toV6)
    {
        if (fromV6 == toV6)
        {
            return new IcmpCode(type, code);
        }

        var isExpired = type == (fromV6 ? IcmpType.TimeExceededV6 : IcmpType.TimeExceeded);

        // The tunnel is as good as a host that cannot be reached: ICMPv6 1/3, ICMP 3/1.
        return isExpired ? Expired(toV6) : toV6
            ? new IcmpCode(IcmpType.DestinationUnreachableV6, 3) : new IcmpCode(IcmpType.DestinationUnreachable, 1);
    }
}
