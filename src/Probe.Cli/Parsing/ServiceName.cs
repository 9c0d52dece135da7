using System.Diagnostics.CodeAnalysis;
using Probe.Core.Packets;

namespace Probe.Cli.Parsing;

/// <summary>How a service is reached where that is not by its address alone.</summary>
/// <param name="Via">Headers outside the packets to it, outermost first.</param>
/// <param name="Real">The real server, for people; null where only the way there is known.</param>
/// <param name="Weight">The weight that its load balancer gives it; null where none is known.</param>
internal sealed record ReachedBy(EncapsulationStack Via, string? Real = null, int? Weight = null);

/// <summary>A service as the user wrote it: a host and a port.</summary>
/// <param name="Text">What the user wrote.</param>
/// <param name="Host">The host.</param>
/// <param name="Port">The port; 0 where there is none.</param>
internal sealed record ServiceName(string Text, TargetName Host, ushort Port)
{
    /// <summary>How the service is reached, and at which of its servers; null for straight there.</summary>
    public ReachedBy? At { get; init; }

    /// <summary>Reads <c>HOST:PORT</c>; IPv6 stands in brackets.</summary>
    public static bool TryParse(string text, [MaybeNullWhen(false)] out ServiceName value, [NotNullWhen(false)] out string? why)
    {
        value = null;
        if (text.Contains("://", StringComparison.Ordinal))
        {
            why = "is a URL: write HOST:PORT";
            return false;
        }

        var colon = text.EndsWith(']') ? -1 : text.LastIndexOf(':');
        if (colon < 0 || (text.AsSpan().Count(':') > 1 && text[0] != '['))
        {
            why = text.AsSpan().Count(':') > 1 && text[0] != '['
                ? "may be read in two ways: write an IPv6 address in brackets, as in [2001:db8::1]:443"
                : $"has no port: write {(text.Length == 0 ? "HOST" : text)}:PORT, or check the host with --icmp";
            return false;
        }

        if (!Values.Port(text[(colon + 1)..], out var port, out var wrong))
        {
            why = $"has '{text[(colon + 1)..]}' for a port, which {wrong}";
            return false;
        }

        return Combine(text, text[..colon], port, out value, out why);
    }

    /// <summary>Reads a host alone, for a check that knows no ports.</summary>
    public static bool TryParseHost(string text, [MaybeNullWhen(false)] out ServiceName value, [NotNullWhen(false)] out string? why)
    {
        if (text.AsSpan().Count(':') == 1 || text.Contains("]:", StringComparison.Ordinal))
        {
            (value, why) = (null, "has a port, and ICMP knows none: write the host alone");
            return false;
        }

        return Combine(text, text, 0, out value, out why);
    }

    private static bool Combine(string text, string host, ushort port, [MaybeNullWhen(false)] out ServiceName value,
        [NotNullWhen(false)] out string? why)
    {
        value = TargetName.TryParse(host, out var target, out why) ? new ServiceName(text, target, port) : null;
        return value is not null;
    }
}
