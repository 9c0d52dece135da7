using Probe.Core.Vocabulary;

namespace Probe.Cli.Parsing;

/// <summary>Destination ports where the user names none.</summary>
internal static class DefaultPorts
{
    /// <summary>Of UDP probes: traceroute's.</summary>
    public const ushort FirstUdp = 33434;

    /// <summary>Of TCP probes.</summary>
    public const ushort Web = 80;

    /// <summary>The second port at which a web server is looked for.</summary>
    public const ushort SecureWeb = 443;

    /// <summary>The port that a protocol's probes go to; null for ICMP, which has none.</summary>
    public static ushort? Of(ProbeProtocol protocol) => protocol switch
    {
        ProbeProtocol.Udp => FirstUdp,
        ProbeProtocol.Tcp => Web,
        _ => null,
    };
}
