namespace Probe.Lab.Networks;

/// <summary>A line of Linux routers (<see cref="LinuxLine"/>) one link of which takes smaller packets than the others.</summary>
public static class NarrowLine
{
    private const string Table = "narrow";

    /// <summary>Gives the link to a hop this MTU, at both ends.</summary>
    /// <param name="line">The line.</param>
    /// <param name="hop">The hop at the link's far end, 1 to <see cref="LinuxLine.Hops"/>.</param>
    /// <param name="mtu">Octets.</param>
    public static void Narrow(this LinuxLine line, int hop, int mtu) => KernelLab.Ip(
        [$"-n {line.Router(hop - 1)} link set east mtu {mtu}", $"-n {line.Router(hop)} link set west mtu {mtu}"]);

    /// <summary>No router says any more that a packet was too big.</summary>
    public static void Silence(this LinuxLine line)
    {
        for (var hop = 1; hop < line.Hops; hop++)
        {
            KernelLab.Nft(line.Router(hop), $$"""
                table inet {{Table}} {
                  chain output {
                    type filter hook output priority 0; policy accept;
                    icmp type destination-unreachable icmp code frag-needed drop
                    icmpv6 type packet-too-big drop
                  }
                }
                """);
        }
    }

    /// <summary>What the kernel of a namespace has learned about paths, one line each; nothing where it has learned nothing.</summary>
    public static string LearnedBy(KernelLab lab, string name) =>
        OfFamily(lab, name, "-4") + OfFamily(lab, name, "-6");

    private static string OfFamily(KernelLab lab, string name, string family) =>
        lab.Run(name, TimeSpan.FromSeconds(30), "ip", family, "route", "show", "cache").MustSucceed().Output;
}
