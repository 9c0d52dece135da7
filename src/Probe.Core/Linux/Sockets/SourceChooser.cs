using System.Runtime.InteropServices;
using Probe.Core.Packets;
using static Probe.Core.Linux.SocketConstants;

namespace Probe.Core.Linux.Sockets;

/// <summary>
/// Asks the kernel, by two datagram sockets made once, which source address a packet to a target gets. Sends nothing and allocates nothing,
/// so it may be asked again and again while routes change.
/// </summary>
internal sealed unsafe class SourceChooser : IDisposable
{
    // Of no matter, but not 0.
    private const ushort AnyPort = 9;

    private readonly FileDescriptor? _v4;
    private readonly FileDescriptor? _v6;
    private readonly IpAddress _source;
    private readonly int _scope;

    /// <summary>Opens the sockets.</summary>
    /// <param name="source">The only source address allowed; none for the kernel's choice.</param>
    /// <param name="networkInterface">Send by this interface only.</param>
    /// <param name="mark">Mark for policy routing; 0 for none.</param>
    /// <exception cref="LinuxException">An option is not allowed, the address is foreign, or there is no such interface.</exception>
    public SourceChooser(IpAddress source, string? networkInterface, uint mark)
    {
        _source = source;
        _scope = networkInterface is null ? 0 : Interfaces.IndexOrZero(networkInterface);
        try
        {
            _v4 = source.IsV6 ? null : Open(AF_INET, networkInterface, mark);
            _v6 = source.IsV4 ? null : Open(AF_INET6, networkInterface, mark);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The source address of packets to a target; returns 0, or what connect(2) says of the way there.</summary>
    public int TryChoose(IpAddress target, out IpAddress source)
    {
        source = default;
        if ((target.IsV6 ? _v6 : _v4) is not { } socket)
        {
            return Errno.EAFNOSUPPORT;
        }

        // Without this the source of the last target would stay.
        var nothing = new SocketAddress { Family = AF_UNSPEC };
        _ = LibC.connect(socket, &nothing, sizeof(ushort));
        var errno = SocketCalls.TryConnect(socket, new SocketAddress(target, AnyPort, _scope));
        if (errno == 0)
        {
            source = _source.IsNone ? SocketCalls.LocalAddress(socket).Address : _source;
        }

        return errno;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _v4?.Dispose();
        _v6?.Dispose();
    }

    private FileDescriptor? Open(int family, string? networkInterface, uint mark)
    {
        FileDescriptor socket;
        try
        {
            socket = SocketCalls.Open(family, SOCK_DGRAM, 0, "a UDP socket");
        }
        catch (LinuxException e) when (e.Errno == Errno.EAFNOSUPPORT)
        {
            // A host without IPv6 still has targets of the other family.
            return null;
        }

        try
        {
            if (networkInterface is not null)
            {
                SocketCalls.BindToDevice(socket, networkInterface);
            }

            if (mark != 0)
            {
                SocketCalls.Mark(socket, mark);
            }

            if (!_source.IsNone)
            {
                SocketCalls.Bind(socket, new SocketAddress(_source, 0, _scope));
            }

            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
