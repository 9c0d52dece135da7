using Probe.Core.Linux.Namespaces;
using Probe.Core.Packets;
using Probe.Core.Probing;

namespace Probe.Cli.Parsing;

/// <summary>What the user asked of every probe of a run.</summary>
internal sealed record ProbingOptions : SendingOptions
{
    /// <summary>IP version.</summary>
    public required Family Family { get; init; }

    /// <summary>No reverse DNS.</summary>
    public required bool Numeric { get; init; }

    /// <summary>Headers outside the probes, as the user gave them; empty for plain ones.</summary>
    public EncapsulationStack Via { get; init; }

    /// <summary><see cref="Via"/> as text, outermost first.</summary>
    public IReadOnlyList<string> ViaTexts => [.. Via.Layers.Select(EncapsulationText.Of)];

    /// <summary>Network namespace to run in, as the user wrote it; null for this one.</summary>
    public NetworkNamespaceName? Namespace { get; init; }

    /// <summary>How long to wait for one answer.</summary>
    public required Duration Timeout { get; init; }

    /// <summary>How fast to send; null keeps the command's own ceilings.</summary>
    public Rate? Rate { get; init; }

    /// <summary>What every sweep of the run goes by.</summary>
    public SweepOptions Sweep
    {
        get
        {
            var usual = new SweepOptions { TimeoutNs = Timeout.Ns, Dscp = Dscp };
            return Rate is { } rate ? usual with { MaxPerSecond = rate.MostPerSecond } : usual;
        }
    }

    /// <summary>The capture to write; null for none.</summary>
    public CaptureRequest? Capture { get; init; }

    /// <summary>The options with the family that an address of source or target implies.</summary>
    /// <exception cref="UserError">They contradict each other.</exception>
    public ProbingOptions NarrowedBy(TargetName? target) => this with { Family = FamilyFor(target) };

    /// <summary>The family that an address of source or target implies.</summary>
    /// <exception cref="UserError">They contradict each other.</exception>
    public Family FamilyFor(TargetName? target)
    {
        var family = Family;
        if (target is { IsName: false })
        {
            if (!TryNarrow(ref family, target.Address))
            {
                throw UserError.Usage($"{target.Text} is not an {Name(family)} address: leave out -{Digit(family)}");
            }

            if (target.Zone is not null && Interface is not null && !string.Equals(target.Zone, Interface, StringComparison.Ordinal))
            {
                throw UserError.Usage($"{target.Text} and --interface {Interface} contradict each other: leave one out");
            }
        }

        return Source.IsNone || TryNarrow(ref family, Source) ? family
            : throw UserError.Usage($"--source {Source} is not an {Name(family)} address: give one of the target's IP version");
    }

    private static bool TryNarrow(ref Family family, IpAddress address)
    {
        var needed = address.IsV4 ? Family.V4 : Family.V6;
        if (family != Family.Any && family != needed)
        {
            return false;
        }

        family = needed;
        return true;
    }

    private static string Name(Family family) => family == Family.V4 ? "IPv4" : "IPv6";

    private static char Digit(Family family) => family == Family.V4 ? '4' : '6';
}
