namespace Probe.Core.Vocabulary;

/// <summary>How a connection that was held to look at ended.</summary>
public enum TcpEnd
{
    /// <summary>Everything was acknowledged; this host closed.</summary>
    Done,

    /// <summary>The peer closed before everything was acknowledged.</summary>
    Closed,

    /// <summary>The peer reset it.</summary>
    Reset,

    /// <summary>The connection was refused.</summary>
    Refused,

    /// <summary>An ICMP error, or this host's own routing, ended it.</summary>
    Unreachable,

    /// <summary>Not over in time.</summary>
    Timeout,

    /// <summary>The user stopped the run.</summary>
    Interrupted,

    /// <summary>What it was to show was seen; this host closed.</summary>
    Enough,

    /// <summary>The peer sent more than any test has use for; this host closed.</summary>
    Flooded,
}
