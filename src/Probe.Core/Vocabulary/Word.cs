using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Runtime.CompilerServices;
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
        where T : struct, Enum => Table<T>.Words.At(Number(value)) ?? Spell(value.ToString());

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
        var number = text is null ? -1 : Array.IndexOf(Table<T>.Words.Texts, text);
        value = number < 0 ? default : (T)Enum.ToObject(typeof(T), number);
        return number >= 0;
    }

    private static int Number<T>(T value)
        where T : struct, Enum => Unsafe.SizeOf<T>() switch
        {
            sizeof(byte) => Unsafe.As<T, byte>(ref value),
            sizeof(ushort) => Unsafe.As<T, ushort>(ref value),
            _ => Unsafe.As<T, int>(ref value),
        };

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

    // Nothing but this field depends on the kind: a dictionary by each would be compiled at each start of the program.
    private static class Table<T>
        where T : struct, Enum
    {
        public static readonly Words Words = new(typeof(T));
    }

    /// <summary>The words of one kind, each at the place of its number.</summary>
    private sealed class Words
    {
        private const int Most = 256;

        public Words(Type kind)
        {
            var (names, numbers) = (Enum.GetNames(kind), Enum.GetValuesAsUnderlyingType(kind));
            var texts = new string?[Most];
            var length = 0;
            for (var i = 0; i < names.Length; i++)
            {
                var number = Convert.ToInt32(numbers.GetValue(i), CultureInfo.InvariantCulture);
                texts[number] = Spell(names[i]);
                length = Math.Max(length, number + 1);
            }

            Texts = texts[..length];
        }

        public string?[] Texts { get; }

        public string? At(int number) => (uint)number < (uint)Texts.Length ? Texts[number] : null;
    }
}
