using Probe.Cli.Parsing;

namespace Probe.Cli.Commands;

/// <summary>The targets of <c>probe check</c>, from arguments and from a file or standard input.</summary>
internal static class CheckTargets
{
    private const int LargestFile = 64 * 1024 * 1024;

    /// <summary>Reads them all before anything is sent.</summary>
    /// <param name="words">The arguments.</param>
    /// <param name="file">The file; <c>-</c> is standard input, null none.</param>
    /// <param name="parser">Reads one.</param>
    /// <param name="warn">Takes a warning.</param>
    /// <exception cref="UserError">One of them is none, or the file cannot be read.</exception>
    public static IReadOnlyList<ServiceName> Read(IReadOnlyList<string> words, string? file, ValueParser<ServiceName> parser, Action<string> warn)
    {
        var targets = new List<ServiceName>();
        foreach (var word in words)
        {
            targets.Add(parser(word, out var target, out var why) ? target : throw UserError.Usage($"HOST:PORT '{word}' {why}"));
        }

        if (file is not null)
        {
            var name = file is "-" ? "standard input" : file;
            ReadLines(Text(file, name), name, parser, warn, targets);
        }

        return targets.Count > 0 ? targets
            : throw UserError.Usage(file is null ? "HOST:PORT is missing; see 'probe check --help'" : "there is no target in the file, and none beside it");
    }

    /// <summary>One target a line; <c>#</c> begins a comment, and what follows the first blank or slash is passed over with one warning.</summary>
    public static void ReadLines(string text, string name, ValueParser<ServiceName> parser, Action<string> warn, List<ServiceName> targets)
    {
        var (number, warned) = (0, false);
        foreach (var whole in text.Split('\n'))
        {
            number++;
            var line = whole.Split('#', 2)[0].Trim();
            if (line.Length == 0)
            {
                continue;
            }

            var end = line.IndexOfAny([' ', '\t', '/']);
            if (end >= 0 && !line.Contains("://", StringComparison.Ordinal))
            {
                if (!warned)
                {
                    warn($"{name} line {number}: '{line[end..].Trim()}' and whatever else follows a blank or slash is passed over");
                    warned = true;
                }

                line = line[..end];
            }

            targets.Add(parser(line, out var target, out var why) ? target : throw UserError.Usage($"{name} line {number}: '{line}' {why}"));
        }
    }

    private static string Text(string file, string name)
    {
        try
        {
            using var stream = file is "-" ? Console.OpenStandardInput() : File.OpenRead(file);
            using var reader = new StreamReader(stream);
            var text = reader.ReadToEnd();
            return text.Length <= LargestFile ? text : throw UserError.CannotRun($"cannot read {name}: it is larger than {LargestFile / 1024 / 1024} MiB");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw UserError.CannotRun($"cannot read {name}: {(e is FileNotFoundException or DirectoryNotFoundException ? "no such file" : e.Message)}");
        }
    }
}
