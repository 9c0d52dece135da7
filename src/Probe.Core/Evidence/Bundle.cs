using Probe.Core.Vocabulary;

namespace Probe.Core.Evidence;

/// <summary>
/// The one document of every command: what was seen, as plain data, with those parts filled that the command measured.
/// A part that is null was not measured; what could not be collected stands in <see cref="Gaps"/>.
/// </summary>
public sealed record Bundle
{
    /// <summary>
    /// The schema this program writes. The first number changes when a reader would break, the second when fields are added.
    /// </summary>
    public const string CurrentSchema = "probe.bundle/1.0";

    /// <summary>Schema of the document.</summary>
    public string Schema { get; init; } = CurrentSchema;

    /// <summary>What wrote it.</summary>
    public required ToolInfo Tool { get; init; }

    /// <summary>The command line, program name first.</summary>
    public required IReadOnlyList<string> Command { get; init; }

    /// <summary>Start of the run, UTC; the zero of every offset in nanoseconds.</summary>
    public required Instant Started { get; init; }

    /// <summary>End of the run, UTC.</summary>
    public required Instant Ended { get; init; }

    /// <summary>False when the run ended before it was done.</summary>
    public required bool Complete { get; init; }

    /// <summary>Why it ended.</summary>
    public required SweepEnd EndReason { get; init; }

    /// <summary>The host that measured.</summary>
    public HostFacts? Host { get; init; }

    /// <summary>Traceroutes.</summary>
    public IReadOnlyList<TraceEvidence>? Traces { get; init; }

    /// <summary>Health checks, one element per check made.</summary>
    public IReadOnlyList<CheckEvidence>? Checks { get; init; }

    /// <summary>Path MTUs: one element per target, and one more per flow whose result differs.</summary>
    public IReadOnlyList<PathMtuEvidence>? PathMtus { get; init; }

    /// <summary>Counters of the measuring host, before and after.</summary>
    public CountersEvidence? Counters { get; init; }

    /// <summary>Connections of the measuring host to the target.</summary>
    public IReadOnlyList<SocketEvidence>? Sockets { get; init; }

    /// <summary>Capture files written beside the document.</summary>
    public IReadOnlyList<CaptureFile>? Captures { get; init; }

    /// <summary>What the measuring program concluded; a reader computes findings anew.</summary>
    public IReadOnlyList<Finding>? Findings { get; init; }

    /// <summary>Rules that could not be judged, and what was missing.</summary>
    public IReadOnlyList<NotExamined>? NotExamined { get; init; }

    /// <summary>What could not be collected, and why.</summary>
    public IReadOnlyList<Gap>? Gaps { get; init; }
}

/// <summary>The program that wrote a document.</summary>
/// <param name="Name">Always <c>probe</c>.</param>
/// <param name="Version">Its version.</param>
public sealed record ToolInfo(string Name, string Version);

/// <summary>A capture file.</summary>
/// <param name="File">Path as given by the user.</param>
/// <param name="Sha256">SHA-256 of the file, lower-case hexadecimal.</param>
public sealed record CaptureFile(string File, string Sha256);

/// <summary>Something that was asked for or is useful, and could not be collected.</summary>
/// <param name="What">What is missing.</param>
/// <param name="Why">Why, in one line.</param>
public sealed record Gap(string What, string Why);

/// <summary>A rule that could not be judged.</summary>
/// <param name="Rule">Its id.</param>
/// <param name="Missing">The evidence it would need.</param>
public sealed record NotExamined(string Rule, string Missing);
