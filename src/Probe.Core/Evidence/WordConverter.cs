using System.Text.Json;
using System.Text.Json.Serialization;
using Probe.Core.Vocabulary;

namespace Probe.Core.Evidence;

/// <summary>
/// An enum by its word, never by number. A word that this program does not know refuses the document: a guess would be shown as evidence.
/// </summary>
internal sealed class WordConverter<T> : JsonConverter<T>
    where T : struct, Enum
{
    private const int LongestShown = 40;

    /// <inheritdoc/>
    public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        var text = reader.TokenType == JsonTokenType.String ? reader.GetString()! : null;
        return Word.TryRead(text, out T value) ? value
            : throw new JsonException($"{(text is null ? "this" : $"'{Shortened(text)}'")} is none of {string.Join(", ", Word.All<T>())}");
    }

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) => writer.WriteStringValue(Word.Of(value));

    private static string Shortened(string text) => text.Length > LongestShown ? text[..LongestShown] + "…" : text;
}
