using Probe.Cli.Frame;
using Probe.Cli.Names;
using Probe.Cli.Parsing;
using Probe.Core.Health;
using Probe.Core.Vocabulary;

namespace Probe.Cli.Check;

/// <summary>How the result of a check is shown.</summary>
internal enum CheckOutput
{
    /// <summary>A table for people.</summary>
    Table,

    /// <summary>The document.</summary>
    Json,

    /// <summary>One check a line, as they end; the document without them last.</summary>
    Ndjson,

    /// <summary>One check a row, as they end.</summary>
    Csv,
}

/// <summary>When a target with several results counts as down.</summary>
internal enum FailMode
{
    /// <summary>The last result counts as down.</summary>
    Last,

    /// <summary>One of them does.</summary>
    Any,

    /// <summary>All that say something about it do.</summary>
    All,
}

/// <summary>What <c>probe check</c> was asked to do.</summary>
internal sealed record CheckRequest
{
    /// <summary>The targets.</summary>
    public required IReadOnlyList<ServiceName> Targets { get; init; }

    /// <summary>What the user's list of services has besides, and why it is not checked.</summary>
    public IReadOnlyList<string> Skipped { get; init; } = [];

    /// <summary>Some targets stand behind tunnels.</summary>
    public bool Tunnels => Targets.Any(target => target.At is { Via.IsEmpty: false });

    /// <summary>What is asked of each.</summary>
    public required CheckQuestion Question { get; init; }

    /// <summary>What is done to each.</summary>
    public CheckKind Kind => Question.Kind;

    /// <summary>What must be seen.</summary>
    public ExpectedState Expected => Question.Expected;

    /// <summary>From one check of a target to the next, nanoseconds.</summary>
    public long IntervalNs { get; init; }

    /// <summary>Whose sockets carry it.</summary>
    public CheckEngineKind Engine { get; init; }

    /// <summary>More than half of the connection tracking table's room may go.</summary>
    public bool AllowConntrackFill { get; init; }

    /// <summary>How fast.</summary>
    public required CheckPace Pace { get; init; }

    /// <summary>How to show it.</summary>
    public required CheckOutput Output { get; init; }

    /// <summary>When a target counts as down.</summary>
    public required FailMode Fail { get; init; }

    /// <summary>For whom the exit code is.</summary>
    public required ExitMode Exit { get; init; }

    /// <summary>Whom to ask for addresses, where there is more than one target.</summary>
    public NameQuestion Resolver { get; init; } = TargetResolver.Ask;

    /// <summary>What every check has in common.</summary>
    public required ProbingOptions Probing { get; init; }
}
