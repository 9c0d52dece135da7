using System.CommandLine;
using Probe.Cli.Frame;
using Probe.Cli.Parsing;
using Probe.Core.Vocabulary;

namespace Probe.Cli;

/// <summary>The commands, and what happens between a command line and the command it names.</summary>
internal static class CommandTree
{
    private static readonly ParserConfiguration Configuration = new()
    {
        // "@file" is a host name somebody mistyped, never a file to read options from.
        ResponseFileTokenReplacer = null,
        EnablePosixBundling = true,
    };

    /// <summary>Runs the command that the arguments name.</summary>
    /// <param name="arguments">The command line without the program's name.</param>
    /// <param name="context">The process.</param>
    /// <param name="more">Commands besides those of the program.</param>
    /// <exception cref="UserError">Wrong usage, or it cannot run.</exception>
    public static ExitStatus Run(IReadOnlyList<string> arguments, CommandContext context, params IReadOnlyList<ProbeCommand> more)
    {
        // "probe help trace", as git, gh and kubectl have it.
        if (arguments is ["help", ..])
        {
            arguments = [.. arguments.Skip(1), "--help"];
        }

        var everywhere = new EverywhereOptions();
        var root = new RootProbeCommand(everywhere, more);
        var parse = root.Parse(arguments, Configuration);
        var command = (ProbeCommand)parse.CommandResult.Command;
        if (UsageErrors.UnknownWord(parse) is { } unknown)
        {
            throw UserError.Usage(unknown);
        }

        if (parse.Has(everywhere.Help) || command == root)
        {
            context.Out.Write(HelpText.Of(command, root));
            return ExitStatus.Fine;
        }

        if (UsageErrors.First(parse) is { } error)
        {
            throw UserError.Usage(error);
        }

        var form = Asked("--json") ? OutputForm.Json : Asked("--ndjson") ? OutputForm.Ndjson : OutputForm.View;
        context.Apply(parse.Has(everywhere.NoColor), parse.Has(everywhere.Quiet), parse.Has(everywhere.Debug), form,
            command.Common?.DeadlineOf(parse));
        try
        {
            return command.Run(parse, context);
        }
        catch (OperationCanceledException) when (context.Limit.End != SweepEnd.Done)
        {
            return context.EndEmpty();
        }

        bool Asked(string name) => command.Options.Any(option => option.Name == name && parse.Has(option));
    }
}
