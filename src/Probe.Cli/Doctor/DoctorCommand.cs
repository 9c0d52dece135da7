using System.CommandLine;
using Probe.Cli.Frame;
using Probe.Cli.Output;
using Probe.Cli.Parsing;
using Probe.Core.Evidence;
using Probe.Core.Host;
using Probe.Core.Packets;

namespace Probe.Cli.Doctor;

/// <summary><c>probe doctor</c>: what works here and what does not, one line each, with the fix.</summary>
internal sealed class DoctorCommand : ProbeCommand
{
    private readonly Option<IpAddress> _source =
        OptionOf.Value<IpAddress>(Values.Address, "ADDR", "source address of raw checks, for the notrack rule", "--source");

    public DoctorCommand()
        : base("doctor", "Tells what works on this machine, and how to fix what does not.")
    {
        Options.Add(_source);
        Options.Add(OptionOf.Flag("print a document with the facts of this host and what is missing", "--json"));
    }

    public override IReadOnlyList<(string Line, string Meaning)> Examples =>
    [
        ("probe doctor", "exit 0 when everything works, 4 when something is missing"),
        ("sudo probe doctor", "the same with root's privileges"),
        ("probe doctor --source 192.0.2.10", "with the rule by which raw checks from that address fill no connection tracking table"),
    ];

    public override ExitStatus Run(ParseResult parse, CommandContext context)
    {
        var doctor = new DoctorMeasurement(parse.Find(_source) ?? default);
        return RunFrame.Run(context, new RunOutput(context, (_, _) => Show(doctor.Checks, context)), capture: null, doctor);
    }

    private static void Show(IReadOnlyList<DoctorCheck> checks, CommandContext context)
    {
        var table = new TextTable(new Column(""), new Column(""), new Column(""));
        foreach (var check in checks)
        {
            var state = check.State switch
            {
                DoctorCheckState.Ok => new Cell("ok", Tone.Good),
                DoctorCheckState.Note => new Cell("note", Tone.Warning),
                _ => new Cell("missing", Tone.Bad),
            };
            table.Add(state, check.Name, check.Fix is null ? check.Detail : $"{check.Detail}; fix: {check.Fix}");
        }

        table.Write(context.Out, context.Palette);
        foreach (var check in checks.Where(check => check.Command is not null))
        {
            context.Out.WriteLine($"{check.Name}: {check.Command}");
        }
    }
}
