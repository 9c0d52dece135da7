using Probe.Report.Diagnosis;
using Probe.Report.Parts;

namespace Probe.Report;

/// <summary>Every rule that this program knows.</summary>
public static class KnownRules
{
    /// <summary>All of them.</summary>
    public static RuleSet All { get; } = new(
    [
        new AddressOnlyIcmp(), new AddressTranslation(), new AggregationLoss(), new AsymmetricReturn(), new BadMember(),
        new ImplausibleFragNeeded(),
        new LatePathMtu(), new PathMtuBlackHole(), new PerDestination(), new RateLimitedHop(), new ReturnPathMtu(), new RouteChanged(),
        new RoutingLoop(),
        new SignalledPathMtu(), new SmallerMember(), new TosRemarking(), new Unreachable(), new WrongMtuSignal(), new ZeroTtlForwarding(),
    ], DocumentParts.All);
}
