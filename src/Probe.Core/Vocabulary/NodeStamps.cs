namespace Probe.Core.Vocabulary;

/// <summary>Where the time stamps come from by which a node's round trips were measured.</summary>
public enum NodeStamps
{
    /// <summary>The kernel stamped both ends of every probe.</summary>
    Kernel,

    /// <summary>Of no probe did the kernel stamp both ends.</summary>
    User,

    /// <summary>Of some it did.</summary>
    Mixed,
}
