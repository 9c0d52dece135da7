using Probe.Core.Evidence;
using Probe.Core.Vocabulary;

namespace Probe.Core.Conversations;

/// <summary>
/// One TCP connection, held to see what the TCP of its host does with it. Nothing blocks; disposing it sends a RST, so that no TIME-WAIT
/// and no unsent octet stays behind.
/// </summary>
internal interface IConversation : IDisposable
{
    /// <summary>Local port; 0 before the connection is begun.</summary>
    int LocalPort { get; }

    /// <summary>The handshake is done, and nothing but the peer's FIN has come since.</summary>
    bool IsConnected { get; }

    /// <summary>An error or the peer ended it, or it sent more than any test has use for.</summary>
    bool IsOver { get; }

    /// <summary>How it ended, once <see cref="IsOver"/>.</summary>
    TcpEnd End { get; }

    /// <summary>Name of the error number that ended it; null for none.</summary>
    string? ErrnoName { get; }

    /// <summary>TCP_INFO now.</summary>
    TcpInfoEvidence Info { get; }

    /// <summary>Payload of the segments it sends now, path MTU and what every segment carries considered; octets.</summary>
    int SegmentSize { get; }

    /// <summary>Path MTU that it reckons with, octets, and segments sent again so far.</summary>
    (int Pmtu, int Retransmitted) Path { get; }

    /// <summary>It is over IPv4.</summary>
    bool IsV4 { get; }

    /// <summary>No router fragments its packets: they carry DF, or are IPv6.</summary>
    bool IsWhole { get; }

    /// <summary>Octets written and not yet acknowledged.</summary>
    int Queued { get; }

    /// <summary>The connection with the timer that runs and its TCP_INFO (sock_diag); null when it is gone.</summary>
    SocketEvidence? Diagnosed { get; }

    /// <summary>Hands octets over; returns how many were taken, 0 when the buffer is full or the connection is over.</summary>
    int Send(ReadOnlySpan<byte> octets);

    /// <summary>Reads what waits; returns how many octets, 0 when nothing does or the connection is over.</summary>
    int Receive(Span<byte> octets);

    /// <summary>Sends the FIN after what is written, instead of the RST of closing.</summary>
    void FinishSending();
}
