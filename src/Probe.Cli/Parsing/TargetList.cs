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
        if (file is not null)
        {
            all.AddRange(ListFile.Read<TargetName>(file, " \t", TargetName.TryParse, messages.Warning));
        }

        if (all.Count == 0)
        {
            throw UserError.Usage($"no hosts in {(file == "-" ? "standard input" : file)}: write one name or address a line");
        }

        var known = new HashSet<string>(StringComparer.Ordinal);
        var once = all.FindAll(target => known.Add(target.Text));
        if (once.Count < all.Count)
        {
            messages.Warning($"{all.Count - once.Count} hosts stand in the list more than once: each is traced once");
        }

        return shard is { } part ? once.FindAll(target => part.Holds(target.Text)) : once;
    }
}
