using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Probe.Core.Linux.Namespaces;
using Probe.Core.Packets;
using Probe.Core.Vocabulary;

namespace Probe.Cli.Parsing;

/// <summary>Reads one value of the command line or of a configuration.</summary>
/// <param name="text">What the user wrote.</param>
/// <param name="value">The value.</param>
/// <param name="why">What is wrong with it and what to write instead, as it follows the quoted text: <c>is not a port: use 1 to
/// 65535</c>.</param>
internal delegate bool ValueParser<T>(string text, [MaybeNullWhen(false)] out T value, [NotNullWhen(false)] out string? why);

/// <summary>The readers of values, each defined once for the whole program.</summary>
internal static class Values
{
    private const int LongestInterfaceName = 15;

    /// <summary>A port, 1 to 65535.</summary>
    public static bool Port(string text, out ushort value, [NotNullWhen(false)] out string? why)
    {
        why = ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value) && value > 0
            ? null : "is not a port: use 1 to 65535";
        return why is null;
    }

    /// <summary>A whole number between two bounds.</summary>
    public static ValueParser<int> Between(int smallest, int largest) =>
        (string text, out int value, [NotNullWhen(false)] out string? why) =>
    {
        why = int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value) && value >= smallest && value <= largest
            ? null
            : largest == int.MaxValue ? $"is not a whole number from {smallest} on" : $"is not a whole number from {smallest} to {largest}";
        return why is null;
    };

    /// <summary>A confidence in percent, above 0 and below 100.</summary>
    public static bool Percent(string text, out double value, [NotNullWhen(false)] out string? why)
    {
        why = double.TryParse(text.EndsWith('%') ? text[..^1] : text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture,
            out value) && value is > 0 and < 100
            ? null
            : "is no such percentage: use a number above 0 and below 100, such as 99.9";
        return why is null;
    }

    /// <summary>What a confidence is of.</summary>
    public static bool Scope(string text, out ConfidenceScope value, [NotNullWhen(false)] out string? why)
    {
        value = text == "graph" ? ConfidenceScope.Graph : ConfidenceScope.Hop;
        why = text is "hop" or "graph" ? null : "is neither hop nor graph";
        return why is null;
    }

    /// <summary>One of a few words.</summary>
    public static ValueParser<T> OneOf<T>(params (string Word, T Value)[] choices) =>
        (string text, [MaybeNullWhen(false)] out T value, [NotNullWhen(false)] out string? why) =>
    {
        foreach (var choice in choices)
        {
            if (string.Equals(choice.Word, text, StringComparison.Ordinal))
            {
                (value, why) = (choice.Value, null);
                return true;
            }
        }

        (value, why) = (default, $"is unknown: use {string.Join(" or ", choices.Select(choice => choice.Word))}");
        return false;
    };

    /// <summary>A differentiated services code point: 0 to 63, or its name (<c>ef</c>, <c>cs5</c>, <c>af41</c>).</summary>
    public static bool Dscp(string text, out byte value, [NotNullWhen(false)] out string? why) =>
        CodePoint.TryParse(text, out value, out why);

    /// <summary>A firewall mark, decimal or hexadecimal, 32 bits.</summary>
    public static bool Mark(string text, out uint value, [NotNullWhen(false)] out string? why)
    {
        why = TryNumber(text, out value) ? null : "is not a mark: use 0 to 4294967295, or hexadecimal as in 0x1f";
        return why is null;
    }

    /// <summary>An IPv4 or IPv6 address.</summary>
    public static bool Address(string text, out IpAddress value, [NotNullWhen(false)] out string? why)
    {
        why = IpAddress.TryParse(text, out value) ? null : "is not an IPv4 or IPv6 address: write it as 192.0.2.1 or 2001:db8::1";
        return why is null;
    }

    /// <summary>The name of a network interface (dev_valid_name() in net/core/dev.c).</summary>
    public static bool Interface(string text, [MaybeNullWhen(false)] out string value, [NotNullWhen(false)] out string? why)
    {
        value = text;
        why = text.Length is > 0 and <= LongestInterfaceName && text is not ("." or "..")
            && !text.Any(c => c is '/' or ':' || char.IsWhiteSpace(c))
            ? null
            : "is not the name of an interface: see 'ip -br link'";
        return why is null;
    }

    /// <summary>An encapsulation: <c>gue:192.0.2.7</c>, see <see cref="EncapsulationText"/>.</summary>
    public static bool Encapsulation(string text, [MaybeNullWhen(false)] out Encapsulation value, [NotNullWhen(false)] out string? why) =>
        EncapsulationText.TryParse(text, out value, out why);

    /// <summary>A network namespace in one of its forms; whether it exists is seen when it is entered.</summary>
    public static bool Namespace(string text, [MaybeNullWhen(false)] out NetworkNamespaceName value,
        [NotNullWhen(false)] out string? why) =>
        NetworkNamespaceName.TryParse(text, out value, out why);

    /// <summary>A text that something else reads.</summary>
    public static bool Anything(string text, [MaybeNullWhen(false)] out string value, [NotNullWhen(false)] out string? why)
    {
        (value, why) = (text, null);
        return true;
    }

    /// <summary>A file to write; its directory must be there.</summary>
    public static bool OutputFile(string text, [MaybeNullWhen(false)] out string value, [NotNullWhen(false)] out string? why)
    {
        value = text;
        why = text is "" or "-" ? "is not a file: standard output carries the results, name a file"
            : Directory.Exists(text) ? "is a directory: name a file"
            : !Directory.Exists(Path.GetDirectoryName(Path.GetFullPath(text))) ? "is in a directory that does not exist: create it first"
            : null;
        return why is null;
    }

    /// <summary>A path as it stands in an HTTP request line (RFC 9112 section 3.2.1).</summary>
    public static bool HttpPath(string text, [MaybeNullWhen(false)] out string value, [NotNullWhen(false)] out string? why)
    {
        value = text;
        why = text is ['/', ..] && text.All(c => c is > ' ' and < (char)127)
            ? null : "is not a path: begin with /, and write what is not ASCII as %HH";
        return why is null;
    }

    /// <summary>A name: visible ASCII characters, because it goes into a request as it stands.</summary>
    public static bool Text(string text, [MaybeNullWhen(false)] out string value, [NotNullWhen(false)] out string? why)
    {
        value = text;
        why = text.Length > 0 && text.All(c => c is > ' ' and < (char)127)
            ? null : "is not a name: write letters, digits, dots and hyphens";
        return why is null;
    }

    /// <summary>A list to read; <c>-</c> is standard input.</summary>
    public static bool ListFile(string text, [MaybeNullWhen(false)] out string value, [NotNullWhen(false)] out string? why)
    {
        why = null;
        value = text;
        return text == "-" || InputFile(text, out value, out why);
    }

    /// <summary>A file to read; whether it can be read is seen when it is.</summary>
    public static bool InputFile(string text, [MaybeNullWhen(false)] out string value, [NotNullWhen(false)] out string? why)
    {
        value = text;
        why = text is "" or "-" ? "is not a file: name one" : null;
        return why is null;
    }

    // Decimal, or hexadecimal with 0x; no sign, no spaces.
    private static bool TryNumber(string text, out uint value) =>
        text.StartsWith("0x", StringComparison.OrdinalIgnoreCase)
            ? uint.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value)
            : uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value);
}
