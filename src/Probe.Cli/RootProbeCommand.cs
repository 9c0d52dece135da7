using System.CommandLine;
using Probe.Cli.Check;
using Probe.Cli.Doctor;
using Probe.Cli.Frame;
using Probe.Cli.Mtu;
using Probe.Cli.Parsing;
using Probe.Cli.Report;
using Probe.Cli.Trace;

namespace Probe.Cli;

/// <summary><c>probe</c> itself: shows what there is.</summary>
internal sealed class RootProbeCommand : ProbeCommand
{
    public RootProbeCommand(EverywhereOptions everywhere, params IReadOnlyList<ProbeCommand> more)
        : base("probe", "Sends packets, sees what comes back, and says what is wrong with the network.")
    {
        Everywhere = everywhere;
        foreach (var command in (IReadOnlyList<ProbeCommand>)[new TraceCommand(), new CheckCommand(), new MtuCommand(), new ReportCommand(),
            new DoctorCommand(), .. more])
        {
            Subcommands.Add(command);
        }

        foreach (var option in everywhere.All)
        {
            Options.Add(option);
        }
    }

    /// <summary>The options that every command has.</summary>
    public EverywhereOptions Everywhere { get; }

    public override IReadOnlyList<(string Line, string Meaning)> Examples =>
    [
        ("probe trace example.com", "every hop on the way there"),
        ("probe trace --tcp -p 443 --json example.com > t.json && probe report t.json", "keep the evidence, write the summary"),
        ("probe check -F backends.txt", "half-open health checks of many HOST:PORT"),
        ("probe mtu example.com", "the largest packet that gets there, and who limits it"),
        ("probe doctor", "what works on this machine, and how to fix what does not"),
    ];

    public override ExitStatus Run(ParseResult parse, CommandContext context) =>
        throw new InvalidOperationException("The root shows help.");
}
