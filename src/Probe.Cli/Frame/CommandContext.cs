using System.Text;
using Probe.Cli.Output;
using Probe.Cli.Parsing;
using Probe.Core.Evidence;
using Probe.Core.Host;
using Probe.Core.Linux.Files;
using Probe.Core.Vocabulary;

namespace Probe.Cli.Frame;

/// <summary>What every command needs of the process it runs in.</summary>
internal sealed class CommandContext
{
    private const int BufferChars = 16 * 1024;
    private readonly StandardStream _results;
    private HostFacts? _host;

    public CommandContext(IReadOnlyList<string> arguments, StandardStream results, Messages messages, CancellationToken cancellation)
    {
        _results = results;
        CommandLine = ["probe", .. arguments];
        Out = new StreamWriter(results, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), BufferChars) { NewLine = "\n" };
        Messages = messages;
        Cancellation = cancellation;
        Limit = new RunLimit(cancellation);
        Palette = Palette.None;
    }

    /// <summary>The command line as it stands in documents, program name first.</summary>
    public IReadOnlyList<string> CommandLine { get; }

    /// <summary>Results, buffered; a command that streams flushes after each record.</summary>
    public TextWriter Out { get; }

    /// <summary>Warnings, errors, progress.</summary>
    public Messages Messages { get; }

    /// <summary>Cancelled by Ctrl-C and SIGTERM: the command then shows what it gathered and returns.</summary>
    public CancellationToken Cancellation { get; }

    /// <summary>When the run has to end: at the first signal, or at its deadline.</summary>
    public RunLimit Limit { get; }

    /// <summary>Colours of the results.</summary>
    public Palette Palette { get; private set; }

    /// <summary>The form of the results that the command line asks for.</summary>
    public OutputForm Form { get; private set; }

    /// <summary>Width of the terminal that shows the results; null when none does.</summary>
    public int? Columns => _results.Columns;

    /// <summary>When the command began.</summary>
    public Instant Started { get; } = Now();

    /// <summary>The time now.</summary>
    public static Instant Now() => new((DateTime.UtcNow - DateTime.UnixEpoch).Ticks * 100);

    /// <summary>Takes the options that every command has, the form of its results, and the deadline of those that probe.</summary>
    public void Apply(bool noColor, bool quiet, bool debug, OutputForm form, Duration? deadline)
    {
        Limit.Set(deadline);
        Form = form;
        Palette = Palette.For(_results, noColor);
        Messages.Apply(quiet, debug);
    }

    /// <summary>
    /// A new document of the run: who measured, where, from when to when, and why it ended. What was seen is filled in by the command.
    /// </summary>
    public Bundle NewDocument(SweepEnd end = SweepEnd.Done) => new()
    {
        Tool = ProgramVersion.Tool,
        Command = CommandLine,
        Started = Started,
        Ended = Now(),
        Complete = end == SweepEnd.Done,
        EndReason = end,
        Host = _host ??= HostFactsReader.Read(),
    };

    /// <summary>
    /// Ends a run that was over before it had measured anything, as while its only name was being looked up. A document says why it is
    /// empty.
    /// </summary>
    public ExitStatus EndEmpty()
    {
        Messages.EndProgress();
        var end = Limit.End;
        new RunOutput(this).End(NewDocument(end) with { Gaps = [RunGaps.NothingMeasured] }, ExitStatus.Incomplete);
        if (end == SweepEnd.Deadline)
        {
            Messages.Error("the deadline came before anything was measured: raise --deadline, or give addresses instead of names");
        }

        // What a signal ends with is the process's to say.
        return end == SweepEnd.Deadline ? ExitStatus.Incomplete : ExitStatus.Fine;
    }
}
