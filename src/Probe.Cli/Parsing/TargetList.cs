using Probe.Cli.Output;

namespace Probe.Cli.Parsing;

/// <summary>Reads a list of hosts: one a line, <c>#</c> comments, <c>-</c> for standard input.</summary>
internal static class TargetList
{
    /// <summary>The hosts of the command line and of a file, each once, in order. Refuses the whole list for one bad line.</summary>
    /// <param name="hosts">From the command line.</param>
    /// <param name="file">The file; null for none.</param>
    /// <param name="shard">Only this part; null for all.</param>
    /// <param name="messages">Takes warnings.</param>
    /// <exception cref="UserError">A line is no host, or the file cannot be read, or nothing is in it.</exception>
    public static List<TargetName> Read(IReadOnlyList<TargetName> hosts, string? file, Shard? shard, Messages messages)
    {
        var all = new List<TargetName>(hosts);
        var ignored = 0;
        if (file is not null)
        {
            ignored = ReadFile(file, all);
        }

        if (all.Count == 0)
        {
            throw UserError.Usage($"no hosts in {(file == "-" ? "standard input" : file)}: write one name or address a line");
        }

        var known = new HashSet<string>(StringComparer.Ordinal);
        var once = all.FindAll(target => known.Add(target.Text));
        if (ignored > 0)
        {
            messages.Warning($"{ignored} lines of {(file == "-" ? "standard input" : file)} go on after the host: what follows the first blank is ignored");
        }

        if (once.Count < all.Count)
        {
            messages.Warning($"{all.Count - once.Count} hosts stand in the list more than once: each is traced once");
        }

        return shard is { } part ? once.FindAll(target => part.Holds(target.Text)) : once;
    }

    private static int ReadFile(string file, List<TargetName> into)
    {
        try
        {
            using var reader = file == "-" ? new StreamReader(Console.OpenStandardInput()) : new StreamReader(file);
            var ignored = 0;
            for (var number = 1; reader.ReadLine() is { } line; number++)
            {
                var text = line.Split('#', 2)[0].Trim();
                var blank = text.AsSpan().IndexOfAny(' ', '\t');
                var host = blank < 0 ? text : text[..blank];
                if (host.Length == 0)
                {
                    continue;
                }

                ignored += blank < 0 ? 0 : 1;
                into.Add(TargetName.TryParse(host, out var target, out var why)
                    ? target
                    : throw UserError.Usage($"{(file == "-" ? "standard input" : file)}, line {number}: '{host}' {why}"));
            }

            return ignored;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw UserError.CannotRun($"cannot read {file}: {e.Message}");
        }
    }
}
