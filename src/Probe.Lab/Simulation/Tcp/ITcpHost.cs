using Probe.Core.Packets;

namespace Probe.Lab.Simulation.Tcp;

/// <summary>What a simulated TCP connection needs of the host it lives on.</summary>
internal interface ITcpHost
{
    /// <summary>Virtual time.</summary>
    long NowNs { get; }

    /// <summary>The path MTU to a destination as far as the host knows it now, octets.</summary>
    int MtuTo(IpAddress destination);

    /// <summary>Sends a segment; false when the host refuses it for its size.</summary>
    /// <param name="connection">Whose it is.</param>
    /// <param name="packet">The whole packet with its checksums.</param>
    bool TrySend(TcpConnection connection, ReadOnlySpan<byte> packet);

    /// <summary>Calls <see cref="TcpConnection.TimerRan"/> later.</summary>
    void SetTimer(long afterNs, TcpConnection connection);
}

/// <summary>The two ends of a connection, as one of them sees it.</summary>
internal readonly record struct TcpTuple(IpAddress Local, ushort LocalPort, IpAddress Remote, ushort RemotePort);

/// <summary>Where a connection stands.</summary>
internal enum TcpState
{
    SynSent,
    SynReceived,
    Established,

    /// <summary>The peer has sent its FIN.</summary>
    CloseWait,
    Closed,
}
