using System.Globalization;
using Probe.Core.Evidence;
using Probe.Core.Packets;

namespace Probe.Core.PathMtu;

/// <summary>Reads from a wrong number which octets its maker forgot.</summary>
internal static class RelayArithmetic
{
    private const int OuterHeader = IPv4Header.MinimumLength;
    private const int OuterHeaderV6 = IPv6Header.Length;

    /// <summary>Compares what was claimed with what was found.</summary>
    /// <param name="claimed">Octets of the inner packet.</param>
    /// <param name="real">Octets of the inner packet.</param>
    public static PathMtuArithmetic Of(int claimed, int real) => new(claimed, real, claimed - real, Meaning(claimed, real));

    private static string? Meaning(int claimed, int real)
    {
        var difference = claimed - real;
        if (difference < 0)
        {
            return claimed is 0
                ? "it names no size at all (RFC 791 routers leave the field 0): hosts fall back to a size of their own"
                : $"it names {Number(-difference)} octets less than get there: something subtracts twice or names a fixed size";
        }

        foreach (var (name, overhead) in TunnelOverheads.OverIPv4)
        {
            if (difference == overhead - OuterHeader && difference > 0)
            {
                return $"{Number(difference)} octets are what {name} puts behind the outer IP header: "
                    + $"whoever relays the message subtracts only that header ({Number(OuterHeader)} of {Number(overhead)}, "
                    + $"over IPv6 {Number(OuterHeaderV6)} of {Number(overhead + OuterHeaderV6 - OuterHeader)})";
            }
        }

        foreach (var (name, overhead) in TunnelOverheads.OverIPv4)
        {
            if (difference == overhead)
            {
                return Whole(difference, name);
            }
        }

        foreach (var (name, overhead) in TunnelOverheads.OverIPv4)
        {
            if (difference == overhead + OuterHeaderV6 - OuterHeader)
            {
                return Whole(difference, overhead == OuterHeader ? "a tunnel over IPv6" : name + " over IPv6");
            }
        }

        return null;
    }

    private static string Whole(int octets, string tunnel) =>
        $"{Number(octets)} octets are the whole overhead of {tunnel}: whoever relays the message subtracts nothing";

    private static string Number(int octets) => octets.ToString(CultureInfo.InvariantCulture);
}
