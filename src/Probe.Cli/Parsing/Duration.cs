using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Probe.Cli.Parsing;

/// <summary>A length of time as users write it: <c>500ms</c>, <c>2s</c>, <c>1.5m</c>, <c>1h</c>.</summary>
/// <param name="Ns">Nanoseconds, more than 0.</param>
internal readonly record struct Duration(long Ns)
{
    private const string Hint = "use a number with a unit, as in 500ms, 2s, 1m or 1h";

    private static readonly SearchValues<char> NumberChars = SearchValues.Create("0123456789.");

    // Ten years: far beyond use, far below what a sum of nanoseconds could overflow.
    private const double LongestNs = 10 * 365.25 * 86400e9;

    /// <summary>So many milliseconds.</summary>
    public static Duration Milliseconds(long count) => new(count * 1_000_000);

    /// <summary>Reads it; a bare number is refused, because tools disagree whether it means seconds or milliseconds.</summary>
    public static bool TryParse(string text, out Duration value, [NotNullWhen(false)] out string? why)
    {
        value = default;
        var digits = text.AsSpan().IndexOfAnyExcept(NumberChars);
        if (digits < 0)
        {
            why = text.Length > 0 ? $"has no unit: write {text}s or {text}ms" : $"is not a duration: {Hint}";
            return false;
        }

        var unit = text[digits..] switch
        {
            "ns" => 1,
            "us" or "µs" => 1e3,
            "ms" => 1e6,
            "s" => 1e9,
            "m" => 60e9,
            "h" => 3600e9,
            "d" => 86400e9,
            _ => 0,
        };
        if (unit == 0
            || !double.TryParse(text.AsSpan(0, digits), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
        {
            why = $"is not a duration: {Hint}";
            return false;
        }

        var ns = number * unit;
        if (ns is < 1 or > LongestNs)
        {
            why = ns < 1 ? "is no time at all: it must be more than 0" : "is too long";
            return false;
        }

        (value, why) = (new Duration((long)Math.Round(ns)), null);
        return true;
    }

    /// <summary>As a user would write it, in the largest unit that keeps it whole.</summary>
    public override string ToString()
    {
        foreach (var (unit, ns) in (ReadOnlySpan<(string, long)>)[("h", 3_600_000_000_000), ("m", 60_000_000_000), ("s", 1_000_000_000),
            ("ms", 1_000_000), ("us", 1_000)])
        {
            if (Ns >= ns && Ns % ns == 0)
            {
                return $"{Ns / ns}{unit}";
            }
        }

        return $"{Ns}ns";
    }
}
