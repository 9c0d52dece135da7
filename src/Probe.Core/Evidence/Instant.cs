using System.Globalization;
using System.Text.Json.Serialization;

namespace Probe.Core.Evidence;

/// <summary>A point in time in UTC with nanoseconds, written as RFC 3339 with 9 decimals.</summary>
/// <param name="UnixNs">Nanoseconds since 1970-01-01T00:00:00Z.</param>
[JsonConverter(typeof(InstantJsonConverter))]
public readonly record struct Instant(long UnixNs) : IComparable<Instant>
{
    private const long NsPerSecond = 1_000_000_000;

    /// <summary>The instant this many nanoseconds later.</summary>
    public Instant Plus(long ns) => new(UnixNs + ns);

    /// <inheritdoc/>
    public int CompareTo(Instant other) => UnixNs.CompareTo(other.UnixNs);

    /// <summary>RFC 3339, UTC, 9 decimals.</summary>
    public override string ToString()
    {
        var (seconds, ns) = Math.DivRem(UnixNs, NsPerSecond);
        if (ns < 0)
        {
            (seconds, ns) = (seconds - 1, ns + NsPerSecond);
        }

        var whole = DateTimeOffset.FromUnixTimeSeconds(seconds).UtcDateTime;
        return string.Create(CultureInfo.InvariantCulture, $"{whole:yyyy-MM-dd'T'HH:mm:ss}.{ns:D9}Z");
    }

    /// <summary>Reads RFC 3339 in UTC with 0 to 9 decimals.</summary>
    public static bool TryParse(string? text, out Instant instant)
    {
        instant = default;
        if (text is null || text.Length < 20 || text[^1] != 'Z')
        {
            return false;
        }

        var ns = 0L;
        if (text.Length > 20)
        {
            var decimals = text.AsSpan(20, text.Length - 21);
            if (text[19] != '.' || decimals.Length is 0 or > 9
                || !uint.TryParse(decimals, NumberStyles.None, CultureInfo.InvariantCulture, out var value))
            {
                return false;
            }

            ns = value;
            for (var i = decimals.Length; i < 9; i++)
            {
                ns *= 10;
            }
        }

        if (!DateTime.TryParseExact(text.AsSpan(0, 19), "yyyy-MM-dd'T'HH:mm:ss", CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var whole)
            || whole.Year is < 1678 or > 2261)
        {
            return false;
        }

        instant = new Instant(new DateTimeOffset(whole).ToUnixTimeSeconds() * NsPerSecond + ns);
        return true;
    }
}
