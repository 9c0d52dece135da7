namespace Probe.Core.Packets;

/// <summary>Why a tunnel's end does not take a packet.</summary>
public enum UnwrapError
{
    /// <summary>It does.</summary>
    None,

    /// <summary>No whole IP packet: malformed, cut, or with a wrong header checksum.</summary>
    OuterHeader,

    /// <summary>A fragment; it would have to be put together first.</summary>
    Fragment,

    /// <summary>Another IP protocol than this encapsulation's. A host without it answers protocol-unreachable.</summary>
    Protocol,

    /// <summary>Another UDP port. A host on which nothing listens there answers port-unreachable.</summary>
    Port,

    /// <summary>A UDP length that the packet does not hold, or a wrong UDP or GRE checksum, a 0 over IPv6 included.</summary>
    Checksum,

    /// <summary>Fewer octets than the tunnel header says it has.</summary>
    HeaderLength,

    /// <summary>A version of the tunnel header that is not known.</summary>
    Version,

    /// <summary>A GUE control message, or Geneve's control or critical bit.</summary>
    Control,

    /// <summary>Flags that are not known, or that have to be set and are not.</summary>
    Flags,

    /// <summary>Another GRE key, or one where none is expected.</summary>
    Key,

    /// <summary>Another virtual network.</summary>
    Vni,

    /// <summary>A frame for another MAC.</summary>
    Mac,

    /// <summary>A checksum left to this end whose place is not inside the packet.</summary>
    RemoteChecksum,

    /// <summary>No IPv4 or IPv6 packet inside, or a malformed or cut one.</summary>
    InnerHeader,
}
