namespace Probe.Cli.Parsing;

/// <summary>A list of targets in a file or, for <c>-</c>, on standard input: one a line, <c>#</c> begins a comment.</summary>
internal static class ListFile
{
    private const int LargestFile = 64 * 1024 * 1024;

    /// <summary>Reads every target before anything is sent; one bad line refuses the whole list.</summary>
    /// <param name="file">The file; <c>-</c> is standard input.</param>
    /// <param name="ends">Characters that end a target; what follows the first of them is passed over with one warning.</param>
    /// <param name="parser">Reads one.</param>
    /// <param name="warn">Takes the warning.</param>
    /// <exception cref="UserError">A line is no target, or the file cannot be read.</exception>
    public static List<T> Read<T>(string file, string ends, ValueParser<T> parser, Action<string> warn)
    {
        var name = file is "-" ? "standard input" : file;
        return Parse(Text(file, name), name, ends, parser, warn);
    }

    /// <summary>The same of a text.</summary>
    public static List<T> Parse<T>(string text, string name, string ends, ValueParser<T> parser, Action<string> warn)
    {
        var targets = new List<T>();
        var (number, warned) = (0, false);
        foreach (var place in text.AsSpan().Split('\n'))
        {
            number++;
            var line = text.AsSpan()[place];
            line = (line.IndexOf('#') is >= 0 and var comment ? line[..comment] : line).Trim();
            if (line.IsEmpty)
            {
                continue;
            }

            // A URL is refused as such.
            var end = line.Contains("://", StringComparison.Ordinal) ? -1 : line.IndexOfAny(ends);
            if (end >= 0)
            {
                if (!warned)
                {
                    warn($"{name} line {number}: '{line[end..].Trim()}' and whatever else follows a target is passed over");
                    warned = true;
                }

                line = line[..end];
            }

            targets.Add(parser(line.ToString(), out var target, out var why)
                ? target : throw UserError.Usage($"{name} line {number}: '{line}' {why}"));
        }

        return targets;
    }

    /// <summary>The whole text of a file, or of standard input.</summary>
    /// <param name="file">The file; <c>-</c> is standard input.</param>
    /// <param name="name">What to call it.</param>
    /// <exception cref="UserError">It cannot be read.</exception>
    public static string Text(string file, string name)
    {
        try
        {
            using var stream = file is "-" ? Console.OpenStandardInput() : File.OpenRead(file);
            using var reader = new StreamReader(stream);
            var text = reader.ReadToEnd();
            return text.Length <= LargestFile
                ? text : throw UserError.CannotRun($"cannot read {name}: it is larger than {LargestFile / 1024 / 1024} MiB");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw UserError.CannotRun(
                $"cannot read {name}: {(e is FileNotFoundException or DirectoryNotFoundException ? "no such file" : e.Message)}");
        }
    }
}
