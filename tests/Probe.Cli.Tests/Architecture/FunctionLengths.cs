namespace Probe.Cli.Tests.Architecture;

/// <summary>A function of the source.</summary>
/// <param name="Head">Its first line.</param>
/// <param name="At">Number of that line.</param>
/// <param name="Lines">Lines to its end.</param>
internal readonly record struct FunctionLength(string Head, int At, int Lines);

/// <summary>Finds functions by their braces: methods, accessors, and members whose body is an expression.</summary>
internal static class FunctionLengths
{
    private static readonly string[] s_typeWords = ["class", "struct", "record", "interface", "enum", "namespace"];

    /// <summary>Every function of a file.</summary>
    public static IReadOnlyList<FunctionLength> Of(string source)
    {
        var found = new List<FunctionLength>();
        var lines = source.Split('\n');
        var code = CodeOnly.Of(source);
        if (code.Count(one => one == '{') != code.Count(one => one == '}'))
        {
            throw new ArgumentException($"the braces are not in pairs: {source[..Math.Min(200, source.Length)]}", nameof(source));
        }

        Members(code, 0, new Finder(lines, found));
        return found;
    }

    /// <summary>Reads the members of a type, a namespace or a file; returns the place behind its closing brace.</summary>
    private static int Members(string code, int at, Finder finder)
    {
        var start = at;
        while (at < code.Length && code[at] != '}')
        {
            switch (code[at])
            {
                case ';':
                    finder.Expression(code, start, at);
                    start = ++at;
                    break;
                case '{' when IsExpression(code[start..at]):
                    at = Close(code, at);
                    break;
                case '{' when IsType(code[start..at]):
                    start = at = Members(code, at + 1, finder);
                    break;
                case '{' when code[start..at].Contains('('):
                    var end = Close(code, at);
                    finder.Add(code, start, end - 1);
                    start = at = end;
                    break;
                case '{':
                    at = Accessors(code, at + 1, finder);
                    start = Initialized(code, at) ? start : at;
                    break;
                case '[' when string.IsNullOrWhiteSpace(code[start..at]):
                    // An attribute.
                    start = at = Close(code, at);
                    break;
                case '(' or '[':
                    at = Close(code, at);
                    break;
                default:
                    at++;
                    break;
            }
        }

        return at + 1;
    }

    /// <summary>A word of a type's declaration stands before its parameters and constraints.</summary>
    private static bool IsType(string head) => head.Split('(')[0].Split((char[])[' ', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries)
        .TakeWhile(word => word != "where").Any(s_typeWords.Contains);

    /// <summary>A property's <c>= value;</c> follows its accessors.</summary>
    private static bool Initialized(string code, int at) => code.AsSpan(at).TrimStart() is ['=', ..];

    private static int Accessors(string code, int at, Finder finder)
    {
        var start = at;
        while (at < code.Length && code[at] != '}')
        {
            if (code[at] == '{')
            {
                var end = Close(code, at);
                finder.Add(code, start, end - 1);
                start = at = end;
            }
            else if (code[at++] == ';')
            {
                finder.Expression(code, start, at - 1);
                start = at;
            }
        }

        return at + 1;
    }

    /// <summary>A brace belongs to an expression where a <c>=</c> or <c>=></c> stands before it.</summary>
    private static bool IsExpression(string head) => Assignment(head) >= 0;

    private static int Assignment(string head)
    {
        var depth = 0;
        for (var i = 0; i < head.Length; i++)
        {
            depth += head[i] is '(' or '[' ? 1 : head[i] is ')' or ']' ? -1 : 0;
            if (head[i] == '=' && depth == 0 && !head.AsSpan(0, i).TrimEnd().EndsWith("operator", StringComparison.Ordinal) && head[i - 1] is not ('=' or '!' or '<' or '>'))
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>The place behind the bracket that closes the one here.</summary>
    private static int Close(string code, int at)
    {
        var depth = 0;
        do
        {
            depth += code[at] is '{' or '(' or '[' ? 1 : code[at] is '}' or ')' or ']' ? -1 : 0;
            at++;
        }
        while (depth > 0 && at < code.Length);
        return at;
    }

    /// <summary>Turns places into lines.</summary>
    private sealed class Finder(string[] lines, List<FunctionLength> found)
    {
        public void Add(string code, int start, int end)
        {
            while (char.IsWhiteSpace(code[start]))
            {
                start++;
            }

            var first = code.AsSpan(0, start).Count('\n');
            found.Add(new FunctionLength(lines[first].Trim(), first + 1, code.AsSpan(start, end - start).Count('\n') + 1));
        }

        /// <summary>A member that ends here, if its body is an expression.</summary>
        public void Expression(string code, int start, int end)
        {
            var head = code[start..end];
            if (Assignment(head) is >= 0 and var equals && equals + 1 < head.Length && head[equals + 1] == '>')
            {
                Add(code, start, end);
            }
        }
    }
}
