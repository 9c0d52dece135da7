using System.Diagnostics.CodeAnalysis;
using Probe.Core.Packets;

namespace Probe.Cli.Parsing;

/// <summary>A host as the user wrote it: an address, or a name that is yet to be resolved.</summary>
/// <param name="Text">What the user wrote.</param>
/// <param name="Address">The address it is; "no address" for a name.</param>
/// <param name="Zone">Interface of a link-local address (<c>fe80::1%eth0</c>), else null.</param>
internal sealed record TargetName(string Text, IpAddress Address, string? Zone)
{
    private const int LongestName = 253;
    private const int LongestLabel = 63;

    /// <summary>Stands where a run has a whole list of hosts.</summary>
    public static TargetName None { get; } = new("", default, null);

    /// <summary>True when it must be resolved.</summary>
    public bool IsName => Address.IsNone;

    /// <summary>Reads a host without a port; IPv6 may stand in brackets.</summary>
    public static bool TryParse(string text, [MaybeNullWhen(false)] out TargetName value, [NotNullWhen(false)] out string? why)
    {
        value = null;
        why = null;
        var host = text is ['[', .., ']'] ? text[1..^1] : text;
        var (bare, zone) = host.IndexOf('%', StringComparison.Ordinal) is >= 0 and var percent
            ? (host[..percent], host[(percent + 1)..]) : (host, null);
        if (IpAddress.TryParse(bare, out var address))
        {
            if (zone is not null && (!address.IsLinkLocalV6 || !Values.Interface(zone, out _, out _)))
            {
                why = "has a zone that means nothing: only link-local IPv6 addresses have one, as in fe80::1%eth0";
                return false;
            }

            value = new TargetName(text, address, zone);
            return true;
        }

        if (zone is null && host.Length == text.Length && IsHostName(host))
        {
            value = new TargetName(text, default, null);
            return true;
        }

        why = text.AsSpan().Count(':') == 1 && ushort.TryParse(text.AsSpan(text.IndexOf(':', StringComparison.Ordinal) + 1), out var port)
            ? $"has a port: write the host alone, and the port as -p {port}"
            : text.Contains("://", StringComparison.Ordinal) ? "is a URL: write the host alone"
            : text.Contains('/', StringComparison.Ordinal) ? "is not a host: ranges are not probed, write one address or name"
            : "is not a host: write a name or an address";
        return false;
    }

    // What getaddrinfo would take for a number in another notation (1, 0x7f.1, 1.2.3) is a typing error, not a name.
    private static bool IsHostName(string text)
    {
        var labels = text.TrimEnd('.').Split('.');
        return text.Length is > 0 and <= LongestName
            && labels.All(label =>
                label.Length is > 0 and <= LongestLabel && label[0] != '-' && label.All(c => char.IsLetterOrDigit(c) || c is '-' or '_'))
            && !labels[^1].All(char.IsAsciiDigit) && !labels[^1].StartsWith("0x", StringComparison.OrdinalIgnoreCase);
    }
}
