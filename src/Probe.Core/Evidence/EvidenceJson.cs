using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text;

namespace Probe.Core.Evidence;

/// <summary>
/// The document as JSON: the only way in and out. What is written can be shown on a terminal as it is; what is read may come from anybody,
/// so that every defect of it is a sentence and never an exception.
/// </summary>
public static class EvidenceJson
{
    /// <summary>Largest document that is read, octets.</summary>
    public const int MaxOctets = 256 * 1024 * 1024;

    private const string SchemaName = "probe.bundle/";
    private const int ReadableVersion = 1;

    /// <summary>The document as indented JSON, one newline at the end, for files and stdout.</summary>
    public static string Serialize(Bundle bundle) => JsonSerializer.Serialize(bundle, EvidenceJsonTypes.Indented<Bundle>()) + "\n";

    /// <summary>The document as indented UTF-8 without a mark, one newline at the end.</summary>
    public static byte[] SerializeToUtf8(Bundle bundle) => Encoding.UTF8.GetBytes(Serialize(bundle));

    /// <summary>One trace as one line of NDJSON, with its newline.</summary>
    public static string Line(TraceEvidence trace) => JsonSerializer.Serialize(trace, EvidenceJsonTypes.Compact<TraceEvidence>()) + "\n";

    /// <summary>One check as one line of NDJSON, with its newline.</summary>
    public static string Line(CheckEvidence check) => JsonSerializer.Serialize(check, EvidenceJsonTypes.Compact<CheckEvidence>()) + "\n";

    /// <summary>One path MTU as one line of NDJSON, with its newline.</summary>
    public static string Line(PathMtuEvidence pathMtu) =>
        JsonSerializer.Serialize(pathMtu, EvidenceJsonTypes.Compact<PathMtuEvidence>()) + "\n";

    /// <summary>The last line of NDJSON: the document without the arrays whose elements were lines, with its newline.</summary>
    public static string LastLine(Bundle bundle) =>
        JsonSerializer.Serialize(bundle with { Traces = null, Checks = null, PathMtus = null }, EvidenceJsonTypes.Compact<Bundle>()) + "\n";

    /// <summary>Reads a document from a file or pipe that is open already; at most <see cref="MaxOctets"/>.</summary>
    /// <exception cref="IOException">The stream cannot be read.</exception>
    public static bool TryRead(Stream stream, [NotNullWhen(true)] out Bundle? bundle, [NotNullWhen(false)] out string? error)
    {
        using var octets = new MemoryStream();
        var buffer = new byte[64 * 1024];
        int read;
        while ((read = stream.Read(buffer)) > 0)
        {
            if (octets.Length + read > MaxOctets)
            {
                (bundle, error) = (null, TooLarge);
                return false;
            }

            octets.Write(buffer, 0, read);
        }

        return TryRead(octets.GetBuffer().AsSpan(0, (int)octets.Length), out bundle, out error);
    }

    /// <summary>
    /// Reads a document. Fields of a newer 1.y are ignored; another first number is refused.
    /// </summary>
    /// <param name="utf8">The JSON text.</param>
    /// <param name="bundle">The document; null when it is refused.</param>
    /// <param name="error">Why it is refused, one line, harmless on a terminal.</param>
    public static bool TryRead(ReadOnlySpan<byte> utf8, [NotNullWhen(true)] out Bundle? bundle, [NotNullWhen(false)] out string? error)
    {
        bundle = null;
        if (utf8.Length > MaxOctets)
        {
            error = TooLarge;
            return false;
        }

        if (utf8.StartsWith("\uFEFF"u8))
        {
            utf8 = utf8[3..];
        }

        try
        {
            error = SchemaError(FindSchema(utf8));
            if (error is not null)
            {
                return false;
            }

            bundle = JsonSerializer.Deserialize(utf8, EvidenceJsonTypes.Compact<Bundle>());
            error = bundle is null ? "not a probe document: null" : DocumentValidation.FirstDefect(bundle);
            bundle = error is null ? bundle : null;
            return error is null;
        }
        catch (JsonException e)
        {
            error = Describe(e);
            return false;
        }
        catch (InvalidOperationException e)
        {
            // Strings with an unpaired surrogate escape or broken UTF-8 are found late, when they are turned into text.
            error = $"not valid JSON text: {StrangerText.Clean(e.Message)}";
            return false;
        }
    }

    private static string TooLarge => $"the document is larger than {MaxOctets / 1024 / 1024} MiB";

    private static string? FindSchema(ReadOnlySpan<byte> utf8)
    {
        var reader = new Utf8JsonReader(utf8, new JsonReaderOptions { MaxDepth = EvidenceJsonTypes.MaxDepth });
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            return null;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var found = reader.ValueTextEquals("schema"u8);
            reader.Read();
            if (found)
            {
                return reader.TokenType == JsonTokenType.String ? reader.GetString() : null;
            }

            reader.Skip();
        }

        return null;
    }

    private static string? SchemaError(string? schema)
    {
        if (schema is null || !schema.StartsWith(SchemaName, StringComparison.Ordinal))
        {
            return $"not a probe document: its \"schema\" is not {SchemaName}x.y";
        }

        var parts = schema[SchemaName.Length..].Split('.');
        if (parts.Length != 2 || !ushort.TryParse(parts[0], out var major) || !ushort.TryParse(parts[1], out _))
        {
            return $"unknown schema {StrangerText.Clean(schema)}: this program reads {SchemaName}{ReadableVersion}.y";
        }

        return major == ReadableVersion
            ? null
            : $"the document has schema {StrangerText.Clean(schema)}, this program reads {SchemaName}{ReadableVersion}.y: "
                + (major > ReadableVersion ? "use a newer probe" : "use an older probe");
    }

    private static string Describe(JsonException e)
    {
        // The framework's sentence ends with a second copy of path and position; type names are of no use to the reader.
        var message = e.Message;
        var end = message.IndexOf(" Path: ", StringComparison.Ordinal);
        end = end < 0 ? message.IndexOf(" LineNumber: ", StringComparison.Ordinal) : end;
        message = (end < 0 ? message : message[..end])
            .Replace("Probe.Core.Evidence.", "", StringComparison.Ordinal)
            .Replace("Probe.Core.Vocabulary.", "", StringComparison.Ordinal)
            .Replace("System.", "", StringComparison.Ordinal)
            .TrimEnd('.');
        var path = e.Path is { Length: > 0 } and not "$" ? $" at {StrangerText.Clean(e.Path)}" : "";
        var line = e.LineNumber is { } number ? $"line {number + 1}, octet {e.BytePositionInLine + 1}" : "the document";
        return $"{line}{path}: {StrangerText.Clean(message)}";
    }
}
