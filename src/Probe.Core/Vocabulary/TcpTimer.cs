namespace Probe.Core.Vocabulary;

/// <summary>The timer of a TCP socket that runs, numbered as the kernel does (idiag_timer, net/ipv4/inet_diag.c).</summary>
public enum TcpTimer
{
    /// <summary>Segments are on their way and not acknowledged.</summary>
    Retransmit = 1,

    /// <summary>Nothing is on its way; the peer is asked whether it is still there.</summary>
    Keepalive = 2,

    /// <summary>The socket is closed and waits for what may still arrive.</summary>
    TimeWait = 3,

    /// <summary>Nothing is on its way and the window is closed, or the kernel refused its own segment.</summary>
    Persist = 4,
}
