using System.CommandLine;

namespace Probe.Cli.Parsing;

/// <summary>The options that every command has, before or after its name.</summary>
internal sealed class EverywhereOptions
{
    /// <summary>Shows help instead of running.</summary>
    public Option<bool> Help { get; } = Make("show this help", "--help", "-h", "-?");

    /// <summary>No colour.</summary>
    public Option<bool> NoColor { get; } = Make("no colour, as with NO_COLOR set", "--no-color");

    /// <summary>No warnings, no progress.</summary>
    public Option<bool> Quiet { get; } = Make("no progress and no warnings", "--quiet", "-q");

    /// <summary>Stack traces with errors.</summary>
    public Option<bool> Debug { get; } = Make("show the cause of an error in full", "--debug");

    /// <summary>All of them, in the order in which help shows them.</summary>
    public IReadOnlyList<Option> All => [Quiet, NoColor, Debug, Help];

    private static Option<bool> Make(string description, string name, params string[] aliases)
    {
        var option = OptionOf.Flag(description, name, aliases);
        option.Recursive = true;
        return option;
    }
}
