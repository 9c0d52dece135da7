using Probe.Core.Health;
using Probe.Core.Packets;

namespace Probe.Cli.Check;

/// <summary>
/// Names the packets of checks in a capture by the target that they go to, come from, or are quoted for. Sockets of the kernel choose their
/// own source ports, so that other traffic of this host to the same address and port has the same name.
/// </summary>
internal sealed class CheckedPackets
{
    private readonly Dictionary<(IpAddress Address, ushort Port), string> _names = [];
    private readonly Dictionary<IpAddress, List<CheckTarget>> _tunnels = [];

    /// <summary>Knows one more target.</summary>
    public void Add(CheckTarget target)
    {
        _names.TryAdd((target.Address, target.Port), target.Name);
        if (!target.Via.IsEmpty)
        {
            if (!_tunnels.TryGetValue(target.SentTo, out var behind))
            {
                _tunnels.Add(target.SentTo, behind = []);
            }

            behind.Add(target);
        }
    }

    /// <summary>What a packet is to which check; null for a packet of nobody's.</summary>
    public string? NameOf(ReadOnlySpan<byte> octets)
    {
        if (!IpPacket.TryRead(octets, out var ip))
        {
            return null;
        }

        if (Wrapped(octets, ip.Destination) is { } wrapped)
        {
            return wrapped;
        }

        if (IcmpMessage.TryRead(ip.Payload, ip.IsV6, out var icmp) && ip.Protocol is IpProtocol.Icmp or IpProtocol.IcmpV6 && icmp.IsError)
        {
            return IpPacket.TryReadQuote(icmp.Quote, out var quoted) && Find(quoted.Destination, quoted, ofSource: false) is { } about
                ? $"answer to the check of {about}" : null;
        }

        return Find(ip.Destination, ip, ofSource: false) is { } asked ? $"check of {asked}"
            : Find(ip.Source, ip, ofSource: true) is { } answered ? $"answer to the check of {answered}" : null;
    }

    private string? Find(IpAddress address, in IpPacket ip, bool ofSource)
    {
        if (!QuotedTransport.TryRead(ip.Payload, ip.Protocol, out var transport))
        {
            return null;
        }

        // Echo requests have no ports: such a target has port 0.
        var port = ip.Protocol is IpProtocol.Icmp or IpProtocol.IcmpV6 ? (ushort)0
            : ofSource ? transport.SourcePort
            : transport.DestinationPort;
        return _names.GetValueOrDefault((address, port));
    }

    private string? Wrapped(ReadOnlySpan<byte> octets, IpAddress end)
    {
        foreach (var target in _tunnels.GetValueOrDefault(end) ?? [])
        {
            if (IsInside(octets, target))
            {
                return target.Real is { } real ? $"check of {target.Name} on {real}" : $"check of {target.Name}";
            }
        }

        return null;
    }

    private static bool IsInside(ReadOnlySpan<byte> octets, CheckTarget target)
    {
        foreach (var layer in target.Via.Layers)
        {
            if (!EncapsulationReader.TryUnwrap(layer, octets, out octets, out _))
            {
                return false;
            }
        }

        return IpPacket.TryRead(octets, out var ip) && ip.Destination == target.Address
            && QuotedTransport.TryRead(ip.Payload, ip.Protocol, out var transport)
            && (target.Port == 0 || transport.DestinationPort == target.Port);
    }
}
