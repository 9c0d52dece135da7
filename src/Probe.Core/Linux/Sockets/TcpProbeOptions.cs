using System.Runtime.InteropServices;
using System.Text;
using Probe.Core.Packets;
using static Probe.Core.Linux.SocketConstants;
using static Probe.Core.Linux.TcpConstants;

namespace Probe.Core.Linux.Sockets;

/// <summary>An option as setsockopt(2) takes it; the value's first <see cref="Length"/> octets count.</summary>
internal readonly record struct SocketOption(int Level, int Name, long Value, uint Length = sizeof(int));

/// <summary>The options of every socket of a run, laid out once so that setting them costs nothing but the calls.</summary>
internal sealed unsafe class TcpProbeOptions
{
    // struct linger {1, 0}: close() sends a RST and leaves no TIME_WAIT.
    private const long LingerZero = 1;

    private readonly SocketOption[] _v4;
    private readonly SocketOption[] _v6;

    /// <summary>Lays out the options and tries each once.</summary>
    /// <param name="halfOpen">Delay the ACK of the handshake, so that closing in time withholds it and no application ever sees the
    /// connection.</param>
    /// <param name="source">Local address; none lets the route choose.</param>
    /// <param name="device">Interface; null for any.</param>
    /// <param name="mark">Mark for policy routing; 0 for none.</param>
    /// <param name="trafficClass">TOS or traffic class octet.</param>
    /// <param name="ports">Local ports to use; a part of the host's range, or null for all of it. A kernel before 6.3 knows none of
    /// this.</param>
    /// <exception cref="LinuxException">An option is not allowed to this process.</exception>
    public TcpProbeOptions(
        bool halfOpen = true, IpAddress source = default, string? device = null, uint mark = 0, byte trafficClass = 0,
        (ushort First, ushort Last)? ports = null)
    {
        Device = device is null ? [] : [.. Encoding.UTF8.GetBytes(device), 0];
        Source = source.IsNone ? default : new SocketAddress(source, 0, SocketCalls.Scope(source, device));
        var common = new List<SocketOption> { new(SOL_SOCKET, SO_LINGER, LingerZero, (uint)sizeof(linger)) };
        if (halfOpen)
        {
            common.Add(new(IPPROTO_TCP, TCP_QUICKACK, 0));
        }

        if (mark != 0)
        {
            common.Add(new(SOL_SOCKET, SO_MARK, mark));
        }

        if (!source.IsNone)
        {
            // Else checks in flight to different targets could not share a local port. IPv6 sockets take these two as well.
            common.Add(new(IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1));
        }

        if (ports is var (first, last))
        {
            common.Add(new(IPPROTO_IP, IP_LOCAL_PORT_RANGE, (uint)(last << 16 | first)));
        }

        Try(common);
        _v4 = [.. common, new(IPPROTO_IP, IP_RECVERR, 1), .. TrafficClass(IPPROTO_IP, IP_TOS, trafficClass)];
        _v6 = [.. common, new(IPPROTO_IPV6, IPV6_RECVERR, 1), .. TrafficClass(IPPROTO_IPV6, IPV6_TCLASS, trafficClass)];
    }

    /// <summary>Interface name with its closing zero; empty for none.</summary>
    public byte[] Device { get; }

    /// <summary>Address to bind to; family 0 for none.</summary>
    public SocketAddress Source { get; }

    /// <summary>The options of a family.</summary>
    public ReadOnlySpan<SocketOption> For(bool v6) => v6 ? _v6 : _v4;

    private static SocketOption[] TrafficClass(int level, int name, byte octet) => octet == 0 ? [] : [new(level, name, octet)];

    private static void Try(List<SocketOption> options)
    {
        using var socket = SocketCalls.Open(AF_INET, SOCK_STREAM, IPPROTO_TCP, "a TCP socket");
        for (var i = options.Count - 1; i >= 0; i--)
        {
            var option = options[i];
            var value = option.Value;
            if (LibC.setsockopt(socket, option.Level, option.Name, &value, option.Length) == 0)
            {
                continue;
            }

            var errno = Marshal.GetLastPInvokeError();
            if (option.Name != IP_LOCAL_PORT_RANGE || option.Level != IPPROTO_IP || errno != Errno.ENOPROTOOPT)
            {
                throw new LinuxException(
                    errno,
                    option is { Level: SOL_SOCKET, Name: SO_MARK } ? $"set mark {option.Value}" : "set up a check's socket",
                    errno == Errno.EPERM ? LinuxException.NeedsCapability("CAP_NET_ADMIN") : null);
            }

            options.RemoveAt(i);
        }
    }
}
