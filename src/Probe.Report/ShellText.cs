using System.Globalization;
using System.Text;
using Probe.Core.Evidence;

namespace Probe.Report;

/// <summary>A command line that a shell reads back as the same arguments, and that is harmless to look at.</summary>
public static class ShellText
{
    private const string Plain = "-_./:=@%+,";

    /// <summary>The arguments, quoted where needed.</summary>
    public static string Quote(IEnumerable<string> arguments) => string.Join(' ', arguments.Select(Quote));

    /// <summary>
    /// One argument. What cannot be shown stands as octets in <c>$'…'</c> (bash, zsh, ksh); an unpaired surrogate becomes U+FFFD.
    /// </summary>
    public static string Quote(string argument)
    {
        if (argument.Length > 0 && argument.All(c => char.IsAsciiLetterOrDigit(c) || Plain.Contains(c, StringComparison.Ordinal)))
        {
            return argument;
        }

        var between = $"x{argument}x";
        if (string.Equals(between, StrangerText.Clean(between, int.MaxValue), StringComparison.Ordinal))
        {
            return $"'{argument.Replace("'", "'\\''", StringComparison.Ordinal)}'";
        }

        var text = new StringBuilder("$'");
        Span<byte> octets = stackalloc byte[4];
        foreach (var rune in argument.EnumerateRunes())
        {
            if (rune.Value is '\'' or '\\')
            {
                text.Append('\\').Append(rune);
            }
            else if (rune.Value is >= 0x20 and < 0x7f)
            {
                text.Append(rune);
            }
            else
            {
                foreach (var octet in octets[..rune.EncodeToUtf8(octets)])
                {
                    text.Append(CultureInfo.InvariantCulture, $"\\x{octet:x2}");
                }
            }
        }

        return text.Append('\'').ToString();
    }
}
