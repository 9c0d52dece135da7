using Probe.Core.Packets;
using Probe.Core.Vocabulary;

namespace Probe.Core.Wire;

/// <summary>What a <see cref="RawPacketPort"/> sends and listens for.</summary>
public sealed record RawPortOptions
{
    /// <summary>
    /// A <see cref="ReceiveBuffer"/> for runs at full speed: at a hundred thousand answers a second, a pause of some 0.2 s of this process
    /// loses none.
    /// </summary>
    public const int LargeBuffer = 32 << 20;

    /// <summary>Send and receive IPv4.</summary>
    public bool IPv4 { get; init; } = true;

    /// <summary>Send and receive IPv6.</summary>
    public bool IPv6 { get; init; }

    /// <summary>Which direct answers to receive besides ICMP.</summary>
    public ProbeProtocol Protocol { get; init; } = ProbeProtocol.Icmp;

    /// <summary>The local ports to which TCP and UDP answers come (see <see cref="HeldPorts"/>); unused for ICMP.</summary>
    public IReadOnlyList<ushort> LocalPorts { get; init; } = [];

    /// <summary>
    /// Addresses of this host's own from which answers come nevertheless, straight from real servers behind a virtual address that this
    /// host holds too: they are read past the kernel's check of sources.
    /// </summary>
    public IReadOnlyList<IpAddress> LocalTargets { get; init; } = [];

    /// <summary>Send by this interface only (SO_BINDTODEVICE); answers are taken from every interface.</summary>
    public string? Interface { get; init; }

    /// <summary>Firewall mark of what is sent (SO_MARK); null leaves it 0.</summary>
    public uint? Mark { get; init; }

    /// <summary>The kernel tells when each packet left; without, it saves a fifth of the work of sending.</summary>
    public bool TransmitStamps { get; init; } = true;

    /// <summary>
    /// Octets of an answer that are kept: what is matched stands in the first, and a quote is rarely longer than 1,280.
    /// </summary>
    public int KeptOctets { get; init; } = 2048;

    /// <summary>Octets that wait for this process in each receiving socket before answers are lost.</summary>
    public int ReceiveBuffer { get; init; } = 4 << 20;
}
