using Probe.Core.Evidence;
using Probe.Core.Packets;

namespace Probe.Report.Diagnosis;

/// <summary>How rules read what established connections said about a path MTU.</summary>
internal static class TcpReading
{
    private static readonly string[] s_payloads = ["tls", "http", "zeros"];

    /// <summary>The command that asks the same question again, made of typed fields only; null when the address is none.</summary>
    public static string? TcpCommand(this PathMtuEvidence mtu, string option, int port, string payload) =>
        IpAddress.TryParse(mtu.Address, out var address)
            ? $"probe mtu {option} --tcp -p {port}{(s_payloads.Contains(payload, StringComparer.Ordinal) ? $" --payload {payload}" : " --payload FILE")} {address}"
            : null;

    /// <summary>
    /// The command that writes an MTU and an MSS that fit into the configured route; null where the document does not name the route in full, or
    /// names what is no address or interface.
    /// </summary>
    public static string? RouteCommand(this PathMtuException learned, int mss)
    {
        var (prefix, bits) = learned.Route?.Split('/') is [var address, var length] ? (address, "/" + length) : (learned.Route, "");
        var isV6 = learned.Destination.Contains(':', StringComparison.Ordinal);
        if ((prefix is not "default" && !IpAddress.TryParse(prefix, out _)) || bits.Skip(1).Any(c => !char.IsAsciiDigit(c))
            || (learned.Gateway is { } hop && !IpAddress.TryParse(hop, out _))
            || learned.Interface is not { Length: > 0 and < 16 } device || device[0] == '-' || !device.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-'))
        {
            return null;
        }

        var via = learned.Gateway is { } gateway ? $" via {gateway}" : "";
        return $"ip {(isV6 ? "-6 " : "")}route change {prefix}{bits}{via} dev {device} mtu {learned.LearnedMtu} advmss {mss}";
    }

    /// <summary>What takes exactly so many octets of every packet; null when nothing well known does.</summary>
    public static string? TunnelOf(int octets) => octets switch
    {
        8 => "PPPoE",
        20 => "IPIP",
        24 => "GRE",
        28 => "FOU, or GUE variant 1",
        32 => "GUE",
        36 => "GUE with an option",
        50 => "VXLAN",
        _ => null,
    };
}
