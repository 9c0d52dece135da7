using Xunit.Abstractions;

[assembly: TestCollectionOrderer("Probe.Cli.Tests.BuildsFirst", "Probe.Cli.Tests")]

namespace Probe.Cli.Tests;

/// <summary>
/// Classes run side by side, four at a time: tests in namespaces wait more than they work, and each has a network of its own. Two kinds do not.
/// </summary>
internal static class Lanes
{
    /// <summary>What asserts a time: after all others, one by one.</summary>
    public const string Alone = "alone";

    /// <summary>What builds and publishes: one at a time and before all others, as they take longest.</summary>
    public const string Builds = "builds";
}

[CollectionDefinition(Lanes.Alone, DisableParallelization = true)]
public sealed class AloneDefinition;

[CollectionDefinition(Lanes.Builds)]
public sealed class BuildsDefinition;

/// <summary>The order in which collections start.</summary>
public sealed class BuildsFirst : ITestCollectionOrderer
{
    public IEnumerable<ITestCollection> OrderTestCollections(IEnumerable<ITestCollection> testCollections) =>
        testCollections.OrderByDescending(collection => collection.DisplayName == Lanes.Builds);
}
