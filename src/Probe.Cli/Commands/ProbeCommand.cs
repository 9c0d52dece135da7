using System.CommandLine;
using Probe.Cli.Parsing;

namespace Probe.Cli.Commands;

/// <summary>A command: its options, and what it does with them.</summary>
internal abstract class ProbeCommand : Command
{
    /// <summary>Makes a command that probes nothing.</summary>
    protected ProbeCommand(string name, string description)
        : base(name, description)
    {
    }

    /// <summary>Makes a probing command: the shared options follow its own.</summary>
    protected ProbeCommand(string name, string description, CommonOptions common, params ReadOnlySpan<Option> options)
        : base(name, description)
    {
        Common = common;
        foreach (var option in (ReadOnlySpan<Option>)[.. options, .. common.All])
        {
            Options.Add(option);
        }
    }

    /// <summary>Command lines that work as they stand, each with what it does.</summary>
    public abstract IReadOnlyList<(string Line, string Meaning)> Examples { get; }

    /// <summary>What a user should know that no option says, one sentence or two each.</summary>
    public virtual IReadOnlyList<string> Remarks => [];

    /// <summary>The options it shares with all probing commands; null for a command that probes nothing.</summary>
    public CommonOptions? Common { get; }

    /// <summary>Runs it; the results go to the context.</summary>
    /// <exception cref="UserError">Wrong usage, or it cannot run.</exception>
    public abstract ExitStatus Run(ParseResult parse, CommandContext context);
}
