namespace Probe.Core.Probing;

/// <summary>Answers that this host received but lost before they could be read.</summary>
/// <param name="Packets">Up to so many packets were lost; they need not have been answers of ours.</param>
public readonly record struct PortLosses(long Packets);
