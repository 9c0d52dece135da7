[assembly: CollectionBehavior(CollectionBehavior.CollectionPerAssembly)]

namespace Probe.Core.Tests;

/// <summary>
/// Tests run one after another, as ports, load and time are asserted; what only computes, under virtual time and for long, runs beside them.
/// </summary>
internal static class Lanes
{
    /// <summary>Long computations without sockets, programs and clocks.</summary>
    public const string Simulated = "simulated";

    /// <summary>Nothing else of this process runs meanwhile.</summary>
    public const string Alone = "alone";
}

[CollectionDefinition(Lanes.Simulated)]
public sealed class SimulatedDefinition;

[CollectionDefinition(Lanes.Alone, DisableParallelization = true)]
public sealed class AloneDefinition;
