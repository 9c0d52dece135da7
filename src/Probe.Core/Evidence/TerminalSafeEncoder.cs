using System.Buffers;
using System.Text.Encodings.Web;
using System.Text;

namespace Probe.Core.Evidence;

/// <summary>
/// Writes JSON strings as readable UTF-8 and escapes what <see cref="StrangerText"/> calls harmful, so that a document can be
/// shown on a terminal as it is. The framework's relaxed encoder lets C1, bidirectional and invisible characters through.
/// </summary>
internal sealed unsafe class TerminalSafeEncoder : JavaScriptEncoder
{
    /// <summary>The encoder; it has no state.</summary>
    public static TerminalSafeEncoder Instance { get; } = new();

    /// <inheritdoc/>
    public override int MaxOutputCharactersPerInputCharacter => 12;

    /// <inheritdoc/>
    public override bool WillEncode(int unicodeScalar) =>
        unicodeScalar is '"' or '\\' || !Rune.TryCreate(unicodeScalar, out var rune) || !StrangerText.IsHarmless(rune);

    /// <inheritdoc/>
    public override int FindFirstCharacterToEncode(char* text, int textLength)
    {
        var span = new ReadOnlySpan<char>(text, textLength);
        for (var i = 0; i < span.Length;)
        {
            if (Rune.DecodeFromUtf16(span[i..], out var rune, out var used) != OperationStatus.Done || WillEncode(rune.Value))
            {
                return i;
            }

            i += used;
        }

        return -1;
    }

    /// <inheritdoc/>
    public override bool TryEncodeUnicodeScalar(int unicodeScalar, char* buffer, int bufferLength, out int numberOfCharactersWritten)
    {
        var target = new Span<char>(buffer, bufferLength);
        switch (unicodeScalar)
        {
            case '"' or '\\':
                numberOfCharactersWritten = 2;
                return Write(target, $"\\{(char)unicodeScalar}");
            case '\n':
                numberOfCharactersWritten = 2;
                return Write(target, "\\n");
            default:
                Span<char> units = stackalloc char[2];
                var count = new Rune(unicodeScalar).EncodeToUtf16(units);
                numberOfCharactersWritten = 6 * count;
                return Write(target, count == 1 ? $"\\u{(int)units[0]:x4}" : $"\\u{(int)units[0]:x4}\\u{(int)units[1]:x4}");
        }
    }

    private static bool Write(Span<char> target, string text) => text.AsSpan().TryCopyTo(target);
}
