using System.CommandLine;
using Probe.Cli.Frame;
using Probe.Core.Evidence;
using Probe.Report;

namespace Probe.Cli.Report;

/// <summary><c>probe report</c>: documents in, a summary out.</summary>
internal sealed class ReportCommand : ProbeCommand
{
    private readonly Argument<string[]> _files =
        new("BUNDLE") { Description = "a document made with --json; - reads standard input", Arity = ArgumentArity.OneOrMore };

    public ReportCommand()
        : base("report", "Renders documents of probe as an incident summary in Markdown.") => Arguments.Add(_files);

    public override IReadOnlyList<(string Line, string Meaning)> Examples =>
    [
        ("probe report t.json > summary.md", "what was found, for a ticket"),
        ("probe trace --json example.com | probe report -", "without a file"),
    ];

    public override ExitStatus Run(ParseResult parse, CommandContext context)
    {
        var bundles = parse.GetValue(_files)!.Select(path => Blocking.Run(() => Read(path), context.Cancellation)).ToList();
        bundles.ForEach(bundle => context.Out.Write(IncidentReport.Render(bundle)));
        return ExitStatus.Fine;
    }

    private static Bundle Read(string path)
    {
        try
        {
            using var stream = path is "-" ? Console.OpenStandardInput() : File.OpenRead(path);
            return EvidenceJson.TryRead(stream, out var bundle, out var error)
                ? bundle
                : throw UserError.CannotRun($"cannot read {Input(path)}: {error}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw UserError.CannotRun(e switch
            {
                FileNotFoundException or DirectoryNotFoundException => $"cannot read {path}: no such file",
                UnauthorizedAccessException when Directory.Exists(path) =>
                    $"cannot read {path}: it is a directory, name the document in it",
                UnauthorizedAccessException => $"cannot read {path}: permission denied",
                _ => $"cannot read {Input(path)}: {e.Message}",
            });
        }
    }

    private static string Input(string path) => path is "-" ? "standard input" : path;
}
