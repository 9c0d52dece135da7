using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Probe.Cli.Parsing;

/// <summary>How fast a run may send.</summary>
/// <param name="PerSecond">Packets a second; null lifts the command's ceilings, which is the user's word.</param>
internal readonly record struct Rate(double? PerSecond)
{
    /// <summary>Reads <c>1000/s</c>, <c>0.5/s</c> or <c>max</c>.</summary>
    public static bool TryParse(string text, out Rate value, [NotNullWhen(false)] out string? why)
    {
        value = default;
        why = null;
        if (text is "max")
        {
            return true;
        }

        if (text.EndsWith("/s", StringComparison.Ordinal)
            && double.TryParse(text.AsSpan(0, text.Length - 2), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture,
                out var number)
            && number is > 0 and <= 1e9)
        {
            value = new Rate(number);
            return true;
        }

        why = text.Length > 0 && text.All(char.IsAsciiDigit)
            ? $"has no unit: write {text}/s" : "is not a rate: use packets a second, as in 100/s, or max";
        return false;
    }

    /// <summary>Packets in any one second, at least one; <see cref="int.MaxValue"/> for no limit.</summary>
    public int MostPerSecond => PerSecond is { } rate ? (int)Math.Clamp(Math.Ceiling(rate), 1, int.MaxValue - 1) : int.MaxValue;

    /// <summary>As a user would write it.</summary>
    public override string ToString() => PerSecond is { } number ? string.Create(CultureInfo.InvariantCulture, $"{number}/s") : "max";
}
