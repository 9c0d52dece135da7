using Probe.Core.Linux.Sockets;
using Probe.Core.Linux;
using Probe.Core.Probing;
using Probe.Core.Vocabulary;
using static Probe.Core.Linux.SocketConstants;

namespace Probe.Core.Wire;

/// <summary>One flow on sockets of its own that need no privilege. A <see cref="SocketWire"/> owns it.</summary>
internal abstract class SocketFlow : IDisposable
{
    private int _ttl = -1;
    private int _trafficClass = -1;

    /// <param name="wire">The wire it belongs to.</param>
    /// <param name="flowLabel">IPv6 flow label of its packets.</param>
    /// <param name="index">Its place on the wire; comes back with events.</param>
    protected SocketFlow(SocketWire wire, uint flowLabel, int index)
    {
        Wire = wire;
        Index = index;
        var options = wire.Options;
        var port = options.Protocol == ProbeProtocol.Icmp ? (ushort)0 : options.DestinationPort;
        Target = new SocketAddress(options.Target, port, SocketCalls.Scope(options.Target, options.Interface), flowLabel);
    }

    /// <summary>The local port; the identifier of echo requests.</summary>
    public ushort Port { get; protected init; }

    /// <summary>Answers its socket lost.</summary>
    public virtual uint Losses => 0;

    /// <summary>When <see cref="Expire"/> has something to do; <see cref="long.MaxValue"/> for never.</summary>
    public virtual long ExpiryNs => long.MaxValue;

    /// <summary>Its place on the wire.</summary>
    protected int Index { get; }

    /// <summary>The wire it belongs to.</summary>
    protected SocketWire Wire { get; }

    /// <summary>Where its packets go.</summary>
    protected SocketAddress Target { get; }

    /// <summary>AF_INET or AF_INET6.</summary>
    protected int Family => Target.Family;

    /// <summary>Sends a probe.</summary>
    public abstract SendStatus Send(in ProbePacket probe);

    /// <summary>Reads what has come.</summary>
    /// <param name="events">What epoll said: EPOLLIN, EPOLLERR, ….</param>
    public abstract void Read(uint events);

    /// <summary>Gives up what has waited too long.</summary>
    public virtual void Expire(long nowNs)
    {
    }

    /// <inheritdoc/>
    public abstract void Dispose();

    /// <summary>What an error number of sending or connecting says of the probe.</summary>
    protected static SendStatus StatusOf(int errno) => errno switch
    {
        Errno.EAGAIN or Errno.ENOBUFS => SendStatus.Busy,
        Errno.EMSGSIZE => SendStatus.TooBig,
        Errno.EPERM or Errno.EACCES => SendStatus.LocalRule,
        _ => SendStatus.NoRoute,
    };

    /// <summary>Ties a new socket to interface and mark, lets it report errors and stamp, and binds it.</summary>
    /// <param name="socket">The socket.</param>
    /// <param name="stamps">SO_TIMESTAMPING flags.</param>
    /// <param name="port">Local port; 0 lets the kernel choose.</param>
    protected void SetUp(FileDescriptor socket, int stamps, ushort port)
    {
        var options = Wire.Options;
        if (options.Interface is { } name)
        {
            SocketCalls.BindToDevice(socket, name);
        }

        if (options.Mark is { } mark)
        {
            SocketCalls.Mark(socket, mark);
        }

        SocketCalls.ReportErrors(socket, Family);
        SocketCalls.Set(socket, SOL_SOCKET, SO_TIMESTAMPING, stamps, nameof(SO_TIMESTAMPING));
        SocketCalls.Bind(socket, new SocketAddress(Wire.Source, port, SocketCalls.Scope(Wire.Source, options.Interface)));
    }

    /// <summary>Sets TTL and traffic class of the next packet, where they differ from the last one's.</summary>
    /// <param name="socket">The socket.</param>
    /// <param name="probe">The next packet.</param>
    /// <param name="isNew">Nothing was set on this socket yet.</param>
    protected void SetHeader(FileDescriptor socket, in ProbePacket probe, bool isNew)
    {
        if (isNew || _ttl != probe.Ttl)
        {
            SocketCalls.TimeToLive(socket, Family, probe.Ttl);
            _ttl = probe.Ttl;
        }

        if (isNew || _trafficClass != probe.Dscp)
        {
            SocketCalls.TrafficClass(socket, Family, probe.Dscp << 2);
            _trafficClass = probe.Dscp;
        }
    }
}
