using Probe.Core.Capture;

namespace Probe.Cli.Parsing;

/// <summary>The capture that the user asked for.</summary>
/// <param name="File">Where to write it.</param>
/// <param name="Filter">Which of the run's packets to write; null for all.</param>
internal sealed record CaptureRequest(string File, FilterText? Filter);
