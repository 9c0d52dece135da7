namespace Probe.Core.Packets;

/// <summary>What well-known encapsulations take of every packet, octets: documents and reports name a missing number by it.</summary>
public static class TunnelOverheads
{
    /// <summary>
    /// What each adds over IPv4 in its plainest form, the outer IPv4 header included; over IPv6 the outer header is longer by as much as
    /// that header is.
    /// </summary>
    public static IReadOnlyList<(string Name, int Octets)> OverIPv4 { get; } =
        [("IPIP", 20), ("GRE", 24), ("FOU or GUE variant 1", 28), ("GUE", 32), ("VXLAN or Geneve", 50)];

    /// <summary>What takes exactly so many octets of every packet; null when nothing well known does.</summary>
    public static string? NameOf(int octets) => octets switch
    {
        8 => "PPPoE",
        36 => "GUE with an option",
        _ => OverIPv4.FirstOrDefault(kind => kind.Octets == octets).Name,
    };
}
