using System.CommandLine;
using System.Text;
using Probe.Cli.Frame;
using Probe.Cli.Parsing;

namespace Probe.Cli;

/// <summary>Help as people expect it of gh or curl: what it does, how to write it, options in groups, examples that run.</summary>
internal static class HelpText
{
    private const int Width = 100;
    private const int WidestName = 26;

    /// <summary>The help of one command.</summary>
    public static string Of(ProbeCommand command, RootProbeCommand root)
    {
        var text = new StringBuilder().Append(command.Description).Append("\n\nUsage: ").Append(Usage(command)).Append('\n');
        Section(text, "Commands", command.Subcommands.Select(c => (c.Name, c.Description ?? "")));
        Section(text, "Arguments", command.Arguments.Select(a => (a.Name, a.Description ?? "")));

        var common = command.Common?.All ?? [];
        Section(text, "Options", command.Options.Except(common).Except(root.Everywhere.All).Select(Entry));
        Section(text, "Options of every probing command", common.Select(Entry));
        IEnumerable<(string, string)> version = command == root ? [("--version", "show the version")] : [];
        Section(text, "Options of every command", root.Everywhere.All.Select(Entry).Concat(version));

        if (command.Remarks.Count > 0)
        {
            text.Append("\nGood to know:\n");
            foreach (var remark in command.Remarks)
            {
                text.Append("  ").AppendJoin("\n  ", Wrap(remark, Width - 2)).Append('\n');
            }
        }

        text.Append("\nExamples:\n");
        foreach (var (line, meaning) in command.Examples)
        {
            text.Append("  ").Append(line).Append("\n      ").Append(meaning).Append('\n');
        }

        return text.ToString();
    }

    private static string Usage(ProbeCommand command)
    {
        var arguments = string.Concat(command.Arguments.Select(a => a.Arity.MaximumNumberOfValues > 1 ? $" {a.Name}…" : $" {a.Name}"));
        return UsageErrors.Path(command) + (command.Subcommands.Count > 0 ? " COMMAND [OPTIONS]" : $" [OPTIONS]{arguments}");
    }

    // Short names first, as manual pages have it.
    private static (string Name, string Text) Entry(Option option)
    {
        var names = option.Aliases.Append(option.Name).Where(n => n is not "-?").OrderBy(n => n.Length)
            .ThenBy(n => n, StringComparer.Ordinal);
        return (string.Join(", ", names) + (option.HelpName is { } value ? " " + value : ""), option.Description ?? "");
    }

    private static void Section(StringBuilder text, string title, IEnumerable<(string Name, string Text)> entries)
    {
        var all = entries.ToList();
        if (all.Count == 0)
        {
            return;
        }

        text.Append('\n').Append(title).Append(":\n");
        var column = Math.Min(WidestName, all.Max(e => e.Name.Length));
        foreach (var (name, description) in all)
        {
            var lines = Wrap(description, Width - column - 4);
            text.Append("  ").Append(name);
            text.Append(name.Length > column ? "\n" + new string(' ', column + 4) : new string(' ', column - name.Length + 2));
            text.AppendJoin("\n" + new string(' ', column + 4), lines).Append('\n');
        }
    }

    private static List<string> Wrap(string text, int width)
    {
        List<string> lines = [""];
        foreach (var word in text.Split(' '))
        {
            if (lines[^1].Length > 0 && lines[^1].Length + 1 + word.Length > width)
            {
                lines.Add("");
            }

            lines[^1] += (lines[^1].Length > 0 ? " " : "") + word;
        }

        return lines;
    }
}
