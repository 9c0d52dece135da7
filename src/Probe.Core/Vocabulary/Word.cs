using System.Text.Json;

namespace Probe.Core.Vocabulary;

/// <summary>The one spelling of every enumerated value: kebab-case, in documents, tables, CSV and help alike.</summary>
public static class Word
{
    /// <summary>A value as text: <c>time-exceeded</c> for <see cref="ReplyKind.TimeExceeded"/>.</summary>
    public static string Of<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.KebabCaseLower.ConvertName(value.ToString());
}
