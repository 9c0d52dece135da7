using Probe.Core.Probing;

namespace Probe.Lab.Simulation;

/// <summary>
/// A stream of random numbers of one place in the network. Each link, router and rule has its own, so that what happens in one place
/// does not change what is drawn in another.
/// </summary>
internal struct Chance
{
    private ulong _state;

    public Chance(ulong seed, ulong place) => _state = Mix(seed ^ Mix(place + 0x5851_f42d_4c95_7f2dUL));

    /// <summary>The next 64 bits (splitmix64).</summary>
    public ulong Next() => SplitMix.Next(ref _state);

    /// <summary>The next number from 0 inclusive to 1 exclusive.</summary>
    public double NextShare() => ToShare(Next());

    /// <summary>The next number below a bound.</summary>
    public int NextBelow(int bound) => (int)(NextShare() * bound);

    /// <summary>True for this share of the draws; nothing is drawn for 0 and 1.</summary>
    public bool Hits(double share) => share > 0 && (share >= 1 || NextShare() < share);

    public static ulong Mix(ulong value) => SplitMix.Mix(value);

    public static double ToShare(ulong bits) => (bits >> 11) * (1.0 / (1UL << 53));
}
