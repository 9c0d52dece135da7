namespace Probe.Cli.Names;

/// <summary>The autonomous system that originates a prefix.</summary>
/// <param name="Number">Its number, 1 to 4294967295.</param>
/// <param name="Name">Its name as a stranger gave it; null when none was given.</param>
internal sealed record AsOrigin(uint Number, string? Name);
