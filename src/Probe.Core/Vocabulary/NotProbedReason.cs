namespace Probe.Core.Vocabulary;

/// <summary>Why nothing could be sent to one of several targets.</summary>
public enum NotProbedReason
{
    /// <summary>The name does not resolve.</summary>
    Name,

    /// <summary>No resolver answered.</summary>
    Resolver,

    /// <summary>No route to it, one that refuses, or the interface is down.</summary>
    NoRoute,

    /// <summary>The interface takes no packets of this size.</summary>
    TooBig,

    /// <summary>A rule of this host, as of its output chain, lets nothing leave to it (EPERM).</summary>
    LocalRule,
}
