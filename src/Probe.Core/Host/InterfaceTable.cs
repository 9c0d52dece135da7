using Probe.Core.Evidence;
using Probe.Core.Linux.Netlink;
using Probe.Core.Linux.Sockets;
using Probe.Core.Linux;

namespace Probe.Core.Host;

/// <summary>Interfaces of the calling thread's network namespace, with their MTUs and what they merge and split on their own.</summary>
public static class InterfaceTable
{
    // Of some sixty features only these merge or split segments.
    private static readonly string[] MergesOrSplits =
    [
        "rx-gro", "rx-gro-hw", "rx-gro-list", "rx-lro", "rx-udp-gro-forwarding", "tx-generic-segmentation", "tx-gre-segmentation",
        "tx-gso-partial", "tx-gso-list", "tx-ipxip4-segmentation", "tx-ipxip6-segmentation", "tx-scatter-gather", "tx-tcp-segmentation",
        "tx-tcp6-segmentation", "tx-tunnel-remcsum-segmentation", "tx-udp-segmentation", "tx-udp_tnl-csum-segmentation",
        "tx-udp_tnl-segmentation",
    ];

    /// <summary>All interfaces, in the order of their index.</summary>
    /// <exception cref="LinuxException">The kernel does not tell.</exception>
    public static IReadOnlyList<InterfaceEvidence> Read() => [.. Links.Read().Select(Of)];

    private static InterfaceEvidence Of(Link link)
    {
        var features = DeviceFeatures.Read(link.Name);
        return new InterfaceEvidence
        {
            Name = link.Name,
            Mtu = link.Mtu,
            Up = link.IsUp,
            Offloads = MergesOrSplits.Where(features.ContainsKey)
                .ToDictionary(name => name, name => features[name], StringComparer.Ordinal),
        };
    }
}
