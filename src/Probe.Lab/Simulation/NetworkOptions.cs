namespace Probe.Lab.Simulation;

/// <summary>What a network keeps about itself.</summary>
public sealed record NetworkOptions
{
    public JournalDetail Journal { get; init; } = JournalDetail.Everything;

    /// <summary>Entries kept, at least; older ones are forgotten in blocks of 256.</summary>
    public int JournalCapacity { get; init; } = 1_000_000;
}
