using System.CommandLine.Parsing;
using System.CommandLine;

namespace Probe.Cli.Parsing;

/// <summary>Turns what the parser found into one line: what is wrong, and what to write instead.</summary>
internal static class UsageErrors
{
    /// <summary>A word that is neither a command, nor an option, nor an argument that has a place; null when there is none.</summary>
    public static string? UnknownWord(ParseResult parse)
    {
        var command = parse.CommandResult.Command;

        // The parser takes an unknown option for an argument wherever one may stand: "probe trace --jsn" would trace the host "--jsn".
        var verbatim = parse.Tokens.SkipWhile(t => t.Type != TokenType.DoubleDash).Select(t => t.Value).ToList();
        var words = parse.CommandResult.Children.OfType<ArgumentResult>().SelectMany(a => a.Tokens.Select(t => t.Value))
            .Concat(parse.UnmatchedTokens);
        var option = words.FirstOrDefault(w => w is ['-', _, ..] && !verbatim.Contains(w));
        if (option is not null)
        {
            var name = option.Split('=', 2)[0];
            if (command.Options.Any(o => string.Equals(o.Name, name, StringComparison.Ordinal) || o.Aliases.Contains(name)))
            {
                return $"{name} stands before the command it belongs to: write {Path(command)} {name}";
            }

            return $"unknown option {name}{DidYouMean(name, OptionNames(parse.CommandResult))}; see '{Path(command)} --help'";
        }

        if (parse.UnmatchedTokens is not [var word, ..])
        {
            return null;
        }

        return command.Subcommands.Count > 0
            ? $"unknown command '{word}'{DidYouMean(word, command.Subcommands.Select(c => c.Name))}; see '{Path(command)} --help'"
            : $"unexpected '{word}': {Path(command)} takes {Takes(command)}; see '{Path(command)} --help'";
    }

    /// <summary>The first error; null when there is none.</summary>
    public static string? First(ParseResult parse)
    {
        if (parse.Errors is not [var error, ..])
        {
            return null;
        }

        var message = error.SymbolResult switch
        {
            ArgumentResult { Parent: CommandResult, Tokens: [] } argument => $"{argument.Argument.Name} is missing",
            OptionResult { Tokens: [], IdentifierToken: { } typed } option when option.Option.Arity.MinimumNumberOfValues > 0 =>
                $"{typed.Value} needs a value ({option.Option.HelpName})",
            OptionResult { IdentifierTokenCount: > 1, IdentifierToken: { } typed, Option.Arity.MaximumNumberOfValues: 1 } =>
                $"{typed.Value} is given more than once: leave one out",
            OptionResult { Option: var option, IdentifierToken: { } typed } when option.Arity.MaximumNumberOfValues == 0 =>
                $"{typed.Value} takes no value",
            _ => error.Message.TrimEnd('.'),
        };
        return $"{message}; see '{Path(parse.CommandResult.Command)} --help'";
    }

    /// <summary>The command with its ancestors, as a user types it.</summary>
    public static string Path(Command command) =>
        command.Parents.OfType<Command>().FirstOrDefault() is { } parent ? $"{Path(parent)} {command.Name}" : command.Name;

    private static string Takes(Command command) => command.Arguments switch
    {
        [] => "no arguments",
        [{ Arity.MaximumNumberOfValues: 1 } only] => $"one {only.Name}",
        var several => string.Join(" and ", several.Select(a => a.Name)),
    };

    private static IEnumerable<string> OptionNames(CommandResult? result)
    {
        for (var at = result; at is not null; at = at.Parent as CommandResult)
        {
            foreach (var option in at.Command.Options.Where(o => at == result || o.Recursive))
            {
                yield return option.Name;
            }
        }
    }

    private static string DidYouMean(string word, IEnumerable<string> known)
    {
        var best = known.Select(name => (Name: name, Distance: Distance(word, name))).OrderBy(c => c.Distance)
            .ThenByDescending(c => word.AsSpan().CommonPrefixLength(c.Name)).ThenBy(c => c.Name, StringComparer.Ordinal).FirstOrDefault();
        return best.Name is not null && best.Distance <= Math.Max(1, word.TrimStart('-').Length / 3) ? $": did you mean {best.Name}?" : "";
    }

    // Insertions, deletions, replacements and swaps of neighbours (Damerau-Levenshtein, optimal string alignment).
    private static int Distance(string a, string b)
    {
        var d = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++)
        {
            for (var j = 0; j <= b.Length; j++)
            {
                if (i == 0 || j == 0)
                {
                    d[i, j] = i + j;
                    continue;
                }

                var replaced = d[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
                d[i, j] = Math.Min(replaced, 1 + Math.Min(d[i - 1, j], d[i, j - 1]));
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                {
                    d[i, j] = Math.Min(d[i, j], d[i - 2, j - 2] + 1);
                }
            }
        }

        return d[a.Length, b.Length];
    }
}
