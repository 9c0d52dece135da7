namespace Probe.Core.Vocabulary;

/// <summary>Why nothing could be sent to one of several targets.</summary>
public enum NotProbedReason
{
    /// <summary>The name does not resolve.</summary>
    Name,

    /// <summary>No resolver answered.</summary>
    Resolver,

    /// <summary>No route to it, or the interface is down.</summary>
    NoRoute,

    /// <summary>The interface takes no packets of this size.</summary>
    TooBig,

    /// <summary>A rule of this host lets nothing leave to it: its output chain, or a route that prohibits.</summary>
    LocalRule,
}
