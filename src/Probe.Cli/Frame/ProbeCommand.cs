using System.CommandLine;
using Probe.Cli.Parsing;
using Probe.Core.Linux.Namespaces;

namespace Probe.Cli.Frame;

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

    /// <summary>
    /// Reads what was asked for and enters the namespace that <c>--netns</c> names: before, where standard input is read, as that can be
    /// read only once and the process inside the namespace is a new one; else after, so that wrong usage is told first.
    /// </summary>
    /// <param name="parse">The command line.</param>
    /// <param name="readsInput">Standard input is part of what was asked for.</param>
    /// <param name="read">Reads it all.</param>
    protected T ReadInside<T>(ParseResult parse, bool readsInput, Func<T> read)
    {
        EnterIf(readsInput);
        var request = read();
        EnterIf(!readsInput);
        return request;

        void EnterIf(bool now)
        {
            if (now && Common!.Read(parse, null).Namespace is { } name)
            {
                NamespaceReexecution.Enter(name);
            }
        }
    }

    /// <summary>Runs it; the results go to the context.</summary>
    /// <exception cref="UserError">Wrong usage, or it cannot run.</exception>
    public abstract ExitStatus Run(ParseResult parse, CommandContext context);
}
