namespace Probe.Core.Vocabulary;

/// <summary>Where a time stamp comes from.</summary>
public enum StampSource
{
    /// <summary>The kernel stamped the packet.</summary>
    Kernel,

    /// <summary>The kernel gave no stamp; the clock was read in this process.</summary>
    User,
}
