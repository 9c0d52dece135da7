namespace Probe.Core.Probing;

/// <summary>splitmix64 (Steele, Lea, Flood 2014): a fast generator and the mixing function behind it. No secret is safe with it.</summary>
internal static class SplitMix
{
    /// <summary>Steps a generator's state and returns its next 64 bits.</summary>
    public static ulong Next(ref ulong state) => Mix(state += 0x9e37_79b9_7f4a_7c15UL);

    /// <summary>Its finalizer: every input bit reaches every output bit.</summary>
    public static ulong Mix(ulong value)
    {
        value = (value ^ value >> 30) * 0xbf58_476d_1ce4_e5b9UL;
        value = (value ^ value >> 27) * 0x94d0_49bb_1331_11ebUL;
        return value ^ value >> 31;
    }
}
