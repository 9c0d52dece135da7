namespace Probe.Core.Vocabulary;

/// <summary>What became of a packet handed to a port.</summary>
public enum SendStatus
{
    /// <summary>On its way.</summary>
    Sent,

    /// <summary>A queue of this host is full (EAGAIN, ENOBUFS): try again later.</summary>
    Busy,

    /// <summary>Larger than the device takes (EMSGSIZE).</summary>
    TooBig,

    /// <summary>No route, or the interface is down (ENETUNREACH, EHOSTUNREACH, ENETDOWN, EINVAL of a blackhole route).</summary>
    NoRoute,

    /// <summary>A rule of this host kept it from leaving: its output chain (EPERM), a route that prohibits (EACCES).</summary>
    LocalRule,
}
