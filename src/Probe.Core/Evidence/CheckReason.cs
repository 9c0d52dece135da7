using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Probe.Core.Vocabulary;

namespace Probe.Core.Evidence;

/// <summary>Why a check's verdict is what it is, in one word.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Status">Status of the HTTP answer, of <see cref="CheckReasonKind.Status"/> alone; else 0.</param>
[JsonConverter(typeof(CheckReasonConverter))]
public readonly record struct CheckReason(CheckReasonKind Kind, int Status = 0)
{
    /// <summary>A reason that needs no number.</summary>
    public static implicit operator CheckReason(CheckReasonKind reason) => new(reason);

    /// <summary>The word: <c>no-route</c>, <c>status-503</c>.</summary>
    public override string ToString() =>
        Kind == CheckReasonKind.Status ? string.Create(CultureInfo.InvariantCulture, $"{Word.Of(Kind)}-{Status}") : Word.Of(Kind);
}

/// <summary>The word, with the number of a status.</summary>
internal sealed class CheckReasonConverter : JsonConverter<CheckReason>
{
    private static readonly string Prefix = Word.Of(CheckReasonKind.Status) + "-";
    private static readonly WordConverter<CheckReasonKind> Words = new();

    /// <inheritdoc/>
    public override CheckReason Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType == JsonTokenType.String && reader.GetString() is { } text && text.StartsWith(Prefix, StringComparison.Ordinal)
            && int.TryParse(text.AsSpan(Prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var status))
        {
            return new CheckReason(CheckReasonKind.Status, status);
        }

        return Words.Read(ref reader, typeof(CheckReasonKind), options) is var reason and not CheckReasonKind.Status ? reason
            : throw new JsonException($"a status has its number, as {Prefix}503");
    }

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, CheckReason value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.ToString());
}
