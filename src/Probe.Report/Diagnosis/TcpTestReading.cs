using Probe.Core.Evidence;
using Probe.Core.Packets;

namespace Probe.Report.Diagnosis;

/// <summary>How rules read what established connections said about a path MTU.</summary>
internal static class TcpTestReading
{
    private static readonly string[] KnownPayloads = ["tls", "http", "zeros"];

    /// <summary>
    /// One sentence for each path MTU without a test that was made for none or only some of them; one for all where it was made for none.
    /// </summary>
    public static IEnumerable<string> WithoutTest(this Bundle bundle, Func<TcpEvidence?, bool> made, string without)
    {
        var missing = bundle.PathMtusOf().Where(at => !made(at.Path.Tcp)).Select(at => at.Pointer).ToArray();
        return (missing.Length == bundle.PathMtus?.Count ? ["/pathMtus"] : missing).Select(pointer => $"{pointer}: {without}");
    }

    /// <summary>The command that asks the same question again, made of typed fields only; null when the address is none.</summary>
    public static string? TcpCommand(this PathMtuEvidence mtu, string option, int port, string payload) =>
        IpAddress.TryParse(mtu.Address, out var address)
            ? $"probe mtu {option} --tcp -p {port} "
                + $"--payload {(KnownPayloads.Contains(payload, StringComparer.Ordinal) ? payload : "FILE")} {address}"
            : null;

    /// <summary>
    /// The command that writes an MTU and an MSS that fit into the configured route, or into a route of its own where that is the default
    /// route; null where the document does not name the route in full, or names what is no address or interface.
    /// </summary>
    public static string? RouteCommand(this LearnedPathMtu learned, int mss)
    {
        var isV6 = learned.Destination.Contains(':', StringComparison.Ordinal);
        var (verb, prefix, bits) = learned.Route?.Split('/') is [var address, var length]
            ? ("change", address, length)
            : ("replace", learned.Route is "default" ? learned.Destination : "", isV6 ? "128" : "32");
        if (!IpAddress.TryParse(prefix, out _) || bits.Length is 0 or > 3 || !bits.All(char.IsAsciiDigit)
            || (learned.Gateway is { } hop && !IpAddress.TryParse(hop, out _))
            || learned.Interface is not { Length: > 0 and < 16 } device || device[0] == '-'
            || !device.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-'))
        {
            return null;
        }

        var via = learned.Gateway is { } gateway ? $" via {gateway}" : "";
        // Without its metric the kernel takes it for another route.
        var metric = verb == "change" && learned.Metric is { } number ? $" metric {number}" : "";
        return $"ip {(isV6 ? "-6 " : "")}route {verb} {prefix}/{bits}{via} dev {device}{metric} mtu {learned.LearnedMtu} advmss {mss}";
    }
}
