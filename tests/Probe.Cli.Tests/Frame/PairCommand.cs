using System.CommandLine;
using Probe.Cli.Check;
using Probe.Cli.Frame;
using Probe.Cli.Parsing;
using Probe.Cli.Trace;
using Probe.Core.Health;
using Probe.Core.Vocabulary;
using Probe.Report;

namespace Probe.Cli.Tests.Frame;

/// <summary>A command that measures nothing new: a trace and a check of one service in one frame.</summary>
internal sealed class PairCommand : ProbeCommand
{
    private readonly Argument<string[]> _service = OptionOf.Arguments("HOST:PORT", "what to trace and to check");

    public PairCommand()
        : base("pair", "Traces the way to a service, and checks it.", new CommonOptions(), OptionOf.Flag("print the document", "--json")) =>
        Arguments.Add(_service);

    public override IReadOnlyList<(string Line, string Meaning)> Examples => [("probe pair 192.0.2.1:80", "the path, and whether it answers")];

    public override ExitStatus Run(ParseResult parse, CommandContext context)
    {
        if (!ServiceName.TryParse(parse.GetValue(_service)![0], out var service, out var why))
        {
            throw UserError.Usage(why);
        }

        var probing = ReadInside(parse, readsInput: false, () => Common!.Read(parse, service.Host));
        var trace = new TraceRequest
        {
            Target = service.Host, Protocol = ProbeProtocol.Tcp, Port = service.Port, FirstTtl = 1, MaxTtl = 30, Count = 2, Size = null, Flows = 1,
            Interval = Duration.Milliseconds(100), Output = TraceOutput.Json, AllowUnreached = false, Probing = probing,
        };
        var check = new CheckRequest
        {
            Targets = [service], Question = new CheckQuestion(), Pace = new CheckPace(),
            Output = CheckOutput.Json, Fail = FailMode.Last, Exit = ExitMode.Probe, Probing = probing,
        };
        var output = new RunOutput(context, (bundle, _) => context.Out.Write(IncidentReport.Render(bundle)));
        return RunFrame.Run(context, output, probing.Capture, new TraceMeasurement(trace), new CheckMeasurement(check));
    }
}
