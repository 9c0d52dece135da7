using System.Buffers.Binary;

namespace Probe.Core.Packets;

/// <summary>
/// One number for one flow: the same for every packet of it, another for others. It gives a tunnel's outer packets the entropy that routers
/// balance by, as udp_flow_src_port (include/net/udp.h) and RFC 6438 do.
/// </summary>
public static class FlowHash
{
    // net.ipv4.ip_local_port_range as Linux sets it, which udp_flow_src_port draws from.
    private const uint FirstPort = 32768;
    private const uint LastPort = 60999;

    /// <summary>
    /// The hash of a packet's flow: addresses, protocol, flow label, and ports; for an echo its identifier and its checksum, which is what
    /// tells echo flows apart where routers look at the first octets after the IP header.
    /// </summary>
    /// <param name="packet">The packet from its IP header on; octets that are no IP packet all hash alike.</param>
    public static uint Of(ReadOnlySpan<byte> packet)
    {
        if (!IpPacket.TryRead(packet, out var ip))
        {
            return 0;
        }

        var transport = ip.FragmentOffset == 0 ? ip.Payload : default;
        var ports = ip.Protocol switch
        {
            IpProtocol.Tcp or IpProtocol.Udp when transport.Length >= 4 => BinaryPrimitives.ReadUInt32BigEndian(transport),
            IpProtocol.Icmp or IpProtocol.IcmpV6 when transport.Length >= 6 =>
                (uint)BinaryPrimitives.ReadUInt16BigEndian(transport[4..]) << 16 | BinaryPrimitives.ReadUInt16BigEndian(transport[2..]),
            _ => 0u,
        };
        return Of(ip.Source, ip.Destination, ip.Protocol, ports, ip.FlowLabel);
    }

    /// <summary>The hash of a flow by its parts.</summary>
    /// <param name="source">Source address.</param>
    /// <param name="destination">Destination address.</param>
    /// <param name="protocol">IP protocol.</param>
    /// <param name="ports">Source port in the high 16 bits, destination port in the low; for an echo identifier and checksum.</param>
    /// <param name="flowLabel">IPv6 flow label; 0 for IPv4.</param>
    public static uint Of(IpAddress source, IpAddress destination, byte protocol, uint ports, uint flowLabel)
    {
        var hash = Mix(source.High, source.Low);
        hash = Mix(hash ^ destination.High, destination.Low);
        hash = Mix(hash ^ protocol, (ulong)ports << 32 | flowLabel);
        return (uint)(hash >> 32);
    }

    /// <summary>The source port that a hash stands for, 32768 to 60998.</summary>
    public static ushort Port(uint hash) => (ushort)(FirstPort + (uint)((ulong)hash * (LastPort - FirstPort) >> 32));

    /// <summary>The IPv6 flow label that a hash stands for, 1 to 0xfffff.</summary>
    public static uint Label(uint hash) => Math.Max(1, hash >> 12);

    private static ulong Mix(ulong a, ulong b)
    {
        var high = Math.BigMul(a ^ 0x9e37_79b9_7f4a_7c15, b ^ 0xd1b5_4a32_d192_ed03, out var low);
        var mixed = (high ^ low) + 0x2545_f491_4f6c_dd1d;
        return mixed ^ mixed >> 29;
    }
}
