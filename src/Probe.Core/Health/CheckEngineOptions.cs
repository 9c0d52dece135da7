using Probe.Core.Probing;

namespace Probe.Core.Health;

/// <summary>What every engine is told about how it sends.</summary>
public record CheckEngineOptions : SendingOptions
{
    /// <param name="sending">What all packets of the run have in common.</param>
    public CheckEngineOptions(SendingOptions sending)
        : base(sending)
    {
    }

    /// <summary>Most checks in flight; what the limit of open files allows may be less.</summary>
    public int InFlight { get; init; } = 1000;
}
