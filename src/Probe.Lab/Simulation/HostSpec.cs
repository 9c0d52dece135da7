using System.Collections.Immutable;

namespace Probe.Lab.Simulation;

/// <summary>What answers on a node's own addresses.</summary>
public sealed record HostSpec
{
    /// <summary>A host with nothing listening: echo is answered, ports refuse.</summary>
    public static HostSpec Default { get; } = new();

    /// <summary>Answers echo requests.</summary>
    public bool Echo { get; init; } = true;

    /// <summary>Time before any answer leaves.</summary>
    public long DelayNs { get; init; }

    /// <summary>
    /// Sets DF on echo replies and datagrams over IPv4. Linux leaves it off for echo replies, so that routers fragment them.
    /// </summary>
    public bool DontFragment { get; init; }

    /// <summary>
    /// Learns from errors that its answers were too big and fragments the next ones itself; false sends them as large as before.
    /// </summary>
    public bool ObeysTooBig { get; init; } = true;

    /// <summary>TCP ports; the first that covers a port decides.</summary>
    public ImmutableArray<TcpService> Tcp { get; init; } = [];

    /// <summary>TCP ports that <see cref="Tcp"/> does not cover.</summary>
    public TcpBehaviour OtherTcp { get; init; } = TcpBehaviour.Closed;

    /// <summary>UDP ports; the first that covers a port decides.</summary>
    public ImmutableArray<UdpService> Udp { get; init; } = [];

    /// <summary>UDP ports that <see cref="Udp"/> does not cover. Port-unreachables obey the node's rate limits.</summary>
    public UdpBehaviour OtherUdp { get; init; } = UdpBehaviour.Unreachable;
}

/// <summary>A range of TCP ports.</summary>
public sealed record TcpService
{
    public required ushort Port { get; init; }

    /// <summary>Last port of the range; 0 for one port.</summary>
    public ushort LastPort { get; init; }

    public TcpBehaviour Behaviour { get; init; } = TcpBehaviour.Open;

    /// <summary>Time before the SYN-ACK or RST leaves.</summary>
    public long DelayNs { get; init; }

    /// <summary>Time from the SYN-ACK to the reset of <see cref="TcpBehaviour.LateReset"/>.</summary>
    public long ResetAfterNs { get; init; } = 10_000_000;

    /// <summary>Half-open connections it holds; SYNs beyond are dropped.</summary>
    public int Backlog { get; init; } = int.MaxValue;

    /// <summary>How long a port that keeps its connections holds back an acknowledgment that nothing asks for.</summary>
    public long DelayedAckNs { get; init; }

    /// <summary>A filter drops SYNs that carry octets.</summary>
    public bool DropsSynData { get; init; }

    /// <summary>Maximum segment size it offers; 0 offers none.</summary>
    public ushort Mss { get; init; } = 1460;

    /// <summary>Times an unanswered SYN-ACK is repeated, after 1, 3, 7, … seconds; Linux does it 5 times.</summary>
    public int SynAckRetries { get; init; }

    internal bool Covers(ushort port) => port >= Port && port <= Math.Max(Port, LastPort);
}

/// <summary>How a TCP port behaves.</summary>
public enum TcpBehaviour
{
    /// <summary>SYN-ACK; acknowledges each segment by itself, whatever came before; closes when asked.</summary>
    Open,

    /// <summary>RST.</summary>
    Closed,

    /// <summary>A filter drops everything.</summary>
    Filtered,

    /// <summary>SYN-ACK, then nothing ever again.</summary>
    SynAckThenSilence,

    /// <summary>SYN-ACK, then a RST by itself.</summary>
    LateReset,

    /// <summary>An earlier handshake hangs half open: the SYN draws a bare ACK of it, until a RST clears it.</summary>
    StaleHalfOpen,

    /// <summary>The accept queue is full: SYNs are dropped, everything else is answered.</summary>
    BacklogFull,

    /// <summary>Keeps its connections, acknowledges what came in order, and throws it away (RFC 863).</summary>
    Discard,

    /// <summary>Keeps its connections and sends everything back (RFC 862).</summary>
    Echo,
}

/// <summary>A range of UDP ports.</summary>
public sealed record UdpService
{
    public required ushort Port { get; init; }

    /// <summary>Last port of the range; 0 for one port.</summary>
    public ushort LastPort { get; init; }

    public UdpBehaviour Behaviour { get; init; } = UdpBehaviour.Echo;

    /// <summary>Time before the answer leaves.</summary>
    public long DelayNs { get; init; }

    /// <summary>The payload of <see cref="UdpBehaviour.Reply"/>, as hexadecimal octets.</summary>
    public string Payload { get; init; } = "";

    internal bool Covers(ushort port) => port >= Port && port <= Math.Max(Port, LastPort);
}

/// <summary>How a UDP port behaves.</summary>
public enum UdpBehaviour
{
    /// <summary>Port unreachable.</summary>
    Unreachable,

    /// <summary>Sends the datagram back.</summary>
    Echo,

    /// <summary>Answers with a fixed payload.</summary>
    Reply,

    /// <summary>Says nothing.</summary>
    Silent,
}
