using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Probe.Core.Packets;

/// <summary>Differentiated services code points as users write them (RFC 2474, RFC 2597, RFC 3246).</summary>
public static class CodePoint
{
    /// <summary>Reads 0 to 63, decimal or as 0x…, or a name: <c>ef</c>, <c>cs5</c>, <c>af41</c>.</summary>
    /// <param name="text">What the user wrote.</param>
    /// <param name="value">The code point, 0 to 63.</param>
    /// <param name="why">What is wrong with it, as it follows the quoted text.</param>
    public static bool TryParse(string text, out byte value, [NotNullWhen(false)] out string? why)
    {
        ArgumentNullException.ThrowIfNull(text);
        why = null;
        switch (text.ToLowerInvariant())
        {
            case "ef":
                value = 46;
                return true;
            case ['c', 's', >= '0' and <= '7' and var precedence]:
                value = (byte)((precedence - '0') << 3);
                return true;
            case ['a', 'f', >= '1' and <= '4' and var queue, >= '1' and <= '3' and var drop]:
                value = (byte)((queue - '0') << 3 | (drop - '0') << 1);
                return true;
        }

        var hexadecimal = text.StartsWith("0x", StringComparison.OrdinalIgnoreCase);
        if (byte.TryParse(text.AsSpan(hexadecimal ? 2 : 0), hexadecimal ? NumberStyles.AllowHexSpecifier : NumberStyles.None,
            CultureInfo.InvariantCulture, out value) && value <= 63)
        {
            return true;
        }

        (value, why) = (0, "is not a DSCP: use 0 to 63, or a name such as ef, cs5, af41 (the TOS octet is four times the DSCP)");
        return false;
    }
}
