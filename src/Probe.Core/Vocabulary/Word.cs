using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Probe.Core.Vocabulary;

/// <summary>The one spelling of every enumerated value: kebab-case, in documents, tables, CSV and help alike.</summary>
public static class Word
{
    /// <summary>
    /// A value as text: <c>time-exceeded</c> for <see cref="ReplyKind.TimeExceeded"/>, <c>below-1280</c> for
    /// <see cref="PathMtuReason.Below1280"/>.
    /// </summary>
    public static string Of<T>(T value)
        where T : struct, Enum => Table<T>.Texts.TryGetValue(value, out var text) ? text : Spell(value.ToString());

    /// <summary>The same where there may be none.</summary>
    [return: NotNullIfNotNull(nameof(value))]
    public static string? Of<T>(T? value)
        where T : struct, Enum => value is { } known ? Of(known) : null;

    /// <summary>Every word of a kind, in the order of its definition.</summary>
    public static IReadOnlyList<string> All<T>()
        where T : struct, Enum => [.. Enum.GetValues<T>().Select(Of)];

    /// <summary>The value that a word stands for; case counts.</summary>
    public static bool TryRead<T>(string? text, out T value)
        where T : struct, Enum
    {
        value = default;
        return text is not null && Table<T>.Values.TryGetValue(text, out value);
    }

    private static string Spell(string name)
    {
        var text = new StringBuilder(name.Length + 4);
        for (var i = 0; i < name.Length; i++)
        {
            var begins = char.IsAsciiLetterUpper(name[i]) || (char.IsAsciiDigit(name[i]) && i > 0 && !char.IsAsciiDigit(name[i - 1]));
            text.Append(begins && i > 0 ? "-" : "").Append(char.ToLowerInvariant(name[i]));
        }

        return text.ToString();
    }

    private static class Table<T>
        where T : struct, Enum
    {
        public static readonly FrozenDictionary<T, string> Texts = Enum.GetValues<T>()
            .ToFrozenDictionary(value => value, value => Spell(value.ToString()));

        public static readonly FrozenDictionary<string, T> Values =
            Texts.ToFrozenDictionary(pair => pair.Value, pair => pair.Key, StringComparer.Ordinal);
    }
}
