using Probe.Core.Packets;

namespace Probe.Lab.Simulation;

/// <summary>A rate limit at run time.</summary>
internal sealed class TokenBucket(RateLimit limit)
{
    private readonly Dictionary<IpAddress, (double Tokens, long AtNs)> _buckets = [];

    /// <summary>True when a token is there; it is taken by <see cref="Take"/> alone, so that several limits can be asked first.</summary>
    public bool Has(IpAddress destination, long nowNs) => Level(destination, nowNs) >= 1;

    public void Take(IpAddress destination, long nowNs) => _buckets[KeyOf(destination)] = (Level(destination, nowNs) - 1, nowNs);

    private double Level(IpAddress destination, long nowNs) =>
        _buckets.TryGetValue(KeyOf(destination), out var bucket)
            ? Math.Min(limit.Burst, bucket.Tokens + (nowNs - bucket.AtNs) * limit.PerSecond / 1e9)
            : limit.Burst;

    private IpAddress KeyOf(IpAddress destination) => limit.PerDestination ? destination : default;
}
