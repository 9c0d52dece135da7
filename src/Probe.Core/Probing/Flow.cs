using System.Security.Cryptography;

namespace Probe.Core.Probing;

/// <summary>
/// What routers that balance per flow see, and what therefore stays constant over all TTLs of one flow:
/// the ports of UDP and TCP, the identifier and checksum of ICMP (the first four octets after the IP header), the IPv6 flow label.
/// </summary>
/// <param name="Id">Number of the flow within the run, from 1.</param>
/// <param name="SourcePort">Source port (UDP, TCP); the identifier of an echo request (ICMP).</param>
/// <param name="DestinationPort">Destination port (UDP, TCP); unused for ICMP.</param>
/// <param name="IcmpChecksum">The constant checksum of an ICMP flow; unused otherwise.</param>
/// <param name="FlowLabel">IPv6 flow label, 20 bits.</param>
public readonly record struct Flow(int Id, ushort SourcePort, ushort DestinationPort, ushort IcmpChecksum = 0, uint FlowLabel = 0)
{
    /// <summary>
    /// A label for the IPv6 packets of a flow. Never 0, which means "none" and makes some routers hash less (RFC 6437 section 3).
    /// </summary>
    public static uint RandomLabel() => (uint)RandomNumberGenerator.GetInt32(1, 1 << 20);
}
