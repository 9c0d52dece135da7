namespace Probe.Core.Vocabulary;

/// <summary>State of a TCP socket of this host, numbered as the kernel does (include/net/tcp_states.h).</summary>
public enum TcpSocketState
{
    /// <summary>A number that this program does not know.</summary>
    Unknown,

    /// <summary>ESTABLISHED.</summary>
    Established,

    /// <summary>SYN-SENT.</summary>
    SynSent,

    /// <summary>SYN-RECEIVED.</summary>
    SynRecv,

    /// <summary>FIN-WAIT-1.</summary>
    FinWait1,

    /// <summary>FIN-WAIT-2.</summary>
    FinWait2,

    /// <summary>TIME-WAIT.</summary>
    TimeWait,

    /// <summary>CLOSED.</summary>
    Close,

    /// <summary>CLOSE-WAIT.</summary>
    CloseWait,

    /// <summary>LAST-ACK.</summary>
    LastAck,

    /// <summary>LISTEN. Read in documents of others and never written: a document holds connections.</summary>
    Listen,

    /// <summary>CLOSING.</summary>
    Closing,
}
