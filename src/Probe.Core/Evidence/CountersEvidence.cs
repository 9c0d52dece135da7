namespace Probe.Core.Evidence;

/// <summary>
/// Counters of the network namespace before and after the run, by the names that <c>nstat</c> prints (<c>IpFragFails</c>,
/// <c>TcpExtTCPTimeouts</c>).
/// They count everybody's traffic. A counter that is missing is one this kernel does not have, not one that is 0.
/// </summary>
/// <param name="Before">Before the first packet.</param>
/// <param name="After">After the last.</param>
public sealed record CountersEvidence(IReadOnlyDictionary<string, long> Before, IReadOnlyDictionary<string, long> After);
