using System.Diagnostics.CodeAnalysis;

namespace Probe.Cli.Parsing;

/// <summary>The readers of values that only checks have.</summary>
internal static class CheckValues
{
    /// <summary>A file to read, or <c>-</c> for standard input.</summary>
    public static bool InputFile(string text, [MaybeNullWhen(false)] out string value, [NotNullWhen(false)] out string? why) =>
        text is "-" ? Text(text, out value, out why) : Values.InputFile(text, out value, out why);

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
}
