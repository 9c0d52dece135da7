using Probe.Core.Packets;

namespace Probe.Lab.Simulation;

/// <summary>Path MTUs that a node learned, as Linux keeps them. They do not expire: a simulated run is shorter than ten minutes.</summary>
internal sealed class PathMtus
{
    /// <summary>Every IPv6 link carries so much (RFC 8200 section 5).</summary>
    public const int SmallestV6 = 1280;

    // net.ipv4.route.min_pmtu
    private const int SmallestV4 = 552;

    private readonly Dictionary<IpAddress, int> _known = [];

    /// <summary>The learned MTU to an address; <see cref="int.MaxValue"/> when nothing is known.</summary>
    public int To(IpAddress destination) => _known.GetValueOrDefault(destination, int.MaxValue);

    /// <summary>Takes what an error told. IPv4 never goes below 552, IPv6 ignores what is below 1280, and nothing ever grows.</summary>
    public void Learn(IpAddress destination, uint told)
    {
        if (destination.IsV6 && told < SmallestV6)
        {
            return;
        }

        var mtu = destination.IsV6 ? told : Math.Max(told, SmallestV4);
        if (mtu < To(destination))
        {
            _known[destination] = (int)mtu;
        }
    }
}
