namespace Probe.Cli.Tests.Architecture;

/// <summary>The source with its texts, characters, comments and directives blanked: what is left has its braces in pairs.</summary>
internal static class CodeOnly
{
    /// <summary>Blanks them; lines stay where they are.</summary>
    public static string Of(string source)
    {
        var code = source.ToCharArray();
        for (var at = 0; at < code.Length;)
        {
            var end = Skip(source, at);
            for (var i = at; i < end; i++)
            {
                code[i] = code[i] == '\n' ? '\n' : ' ';
            }

            at = end > at ? end : at + 1;
        }

        return new string(code);
    }

    /// <summary>The end of what begins here and is no code; the same place where code does.</summary>
    private static int Skip(string source, int at)
    {
        var rest = source.AsSpan(at);
        if (rest.StartsWith("//") || (rest[0] == '#' && source[..at].TrimEnd(' ') is "" or [.., '\n']))
        {
            return rest.IndexOf('\n') is >= 0 and var line ? at + line : source.Length;
        }

        if (rest.StartsWith("/*"))
        {
            return at + rest.IndexOf("*/") + 2;
        }

        if (rest[0] == '\'')
        {
            return at + 3 + (rest[1] == '\\' ? 1 + rest[3..].IndexOf('\'') : rest[2..].IndexOf('\''));
        }

        var prefix = rest.IndexOfAnyExcept('$', '@');
        return prefix >= 0 && rest[prefix] == '"' ? Text(source, at, at + prefix) : at;
    }

    private static int Text(string source, int start, int at)
    {
        var prefix = source.AsSpan(start, at - start);
        var (holes, isVerbatim) = (prefix.Count('$'), prefix.Contains('@'));
        var quotes = source.AsSpan(at).IndexOfAnyExcept('"') is >= 0 and var run ? run : source.Length - at;
        if (quotes == 2 || (quotes > 2 && isVerbatim && quotes % 2 == 0))
        {
            return at + quotes;
        }

        var isRaw = quotes > 2 && !isVerbatim;
        quotes = isRaw ? quotes : 1;
        for (at += quotes; at < source.Length;)
        {
            var rest = source.AsSpan(at);
            if (rest[0] == '\\' && !isVerbatim && !isRaw)
            {
                at += 2;
            }
            else if (rest[0] == '"' && isVerbatim && rest is [_, '"', ..])
            {
                at += 2;
            }
            else if (rest[0] == '"' && (rest.IndexOfAnyExcept('"') is var found && (found < 0 ? rest.Length : found) >= quotes))
            {
                return at + quotes;
            }
            else if (holes > 0 && rest[0] == '{')
            {
                at = Hole(source, at, isRaw ? holes : 1);
            }
            else
            {
                at++;
            }
        }

        return at;
    }

    /// <summary>The end of a hole, or of braces that stand for themselves.</summary>
    private static int Hole(string source, int at, int braces)
    {
        var run = source.AsSpan(at).IndexOfAnyExcept('{');
        if (run < braces || (braces == 1 && run % 2 == 0))
        {
            return at + run;
        }

        var depth = 1;
        for (at += run; depth > 0;)
        {
            var end = Skip(source, at);
            depth += end > at ? 0 : source[at] == '{' ? 1 : source[at] == '}' ? -1 : 0;
            at = end > at ? end : at + 1;
        }

        return at + braces - 1;
    }
}
