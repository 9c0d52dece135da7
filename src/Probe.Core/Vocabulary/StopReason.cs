namespace Probe.Core.Vocabulary;

/// <summary>Why a sweep over TTL ended.</summary>
public enum StopReason
{
    /// <summary>The target answered.</summary>
    Target,

    /// <summary>The largest TTL was sent and the target had not answered.</summary>
    MaxTtl,

    /// <summary>The packets allowed were spent.</summary>
    MaxProbes,

    /// <summary>The deadline came.</summary>
    Deadline,

    /// <summary>The user or a signal ended it.</summary>
    Interrupted,

    /// <summary>Nothing could be sent: see <see cref="NotProbedReason"/>.</summary>
    Error,

    /// <summary>A tunnel's own packets were refused.</summary>
    Tunnel,
}
