using Probe.Core.Packets;

namespace Probe.Lab.Simulation;

/// <summary>Transports a rule speaks of; ICMP means ICMPv6 too.</summary>
[Flags]
public enum Protocols
{
    None = 0,
    Icmp = 1,
    Udp = 2,
    Tcp = 4,
    Other = 8,
    All = Icmp | Udp | Tcp | Other,
}

/// <summary>Maps protocol numbers to <see cref="Protocols"/>.</summary>
public static class ProtocolSets
{
    /// <summary>The one transport of a protocol number.</summary>
    public static Protocols Of(byte protocol) => protocol switch
    {
        IpProtocol.Icmp or IpProtocol.IcmpV6 => Protocols.Icmp,
        IpProtocol.Udp => Protocols.Udp,
        IpProtocol.Tcp => Protocols.Tcp,
        _ => Protocols.Other,
    };
}
