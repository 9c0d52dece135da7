namespace Probe.Core.PathMtu;

/// <summary>
/// MTUs that links and tunnels have: those of RFC 1191 section 7.1 that are still met, Ethernet less what encapsulations add, and IPv6's
/// least.
/// </summary>
internal static class CommonSizes
{
    private static readonly int[] Mtus =
        [32_000, 17_914, 9000, 8950, 8166, 4352, 2002, 1500, 1492, 1480, 1472, 1468, 1450, 1436, 1420, 1400, 1368, 1280, 1152, 1006, 768,
            576, 296];

    /// <summary>Those between two sizes, largest first, less what the encapsulation adds.</summary>
    /// <param name="above">All are larger.</param>
    /// <param name="below">All are smaller.</param>
    /// <param name="overhead">Octets of the encapsulation.</param>
    public static IEnumerable<int> Between(int above, int below, int overhead) =>
        Mtus.Select(mtu => mtu - overhead).Where(size => size > above && size < below);

    /// <summary>The steps above the largest size that got there: what common encapsulations differ by.</summary>
    public static ReadOnlySpan<int> Steps => [1, 2, 4, 8, 12, 20];
}
