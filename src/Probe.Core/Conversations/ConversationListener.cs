using Probe.Core.Linux.Sockets;
using Probe.Core.Linux;
using Probe.Core.Packets;
using static Probe.Core.Linux.SocketConstants;
using static Probe.Core.Linux.TcpConstants;

namespace Probe.Core.Conversations;

/// <summary>Accepts connections, never waiting; keeps the SYN of each (TCP_SAVE_SYN).</summary>
internal sealed class ConversationListener : IDisposable
{
    private const int Backlog = 64;

    /// <summary>Listens.</summary>
    /// <param name="port">The port; 0 lets the kernel choose.</param>
    /// <param name="address">The address; none for every address of both families.</param>
    /// <exception cref="LinuxException">The port is in use or not permitted.</exception>
    public ConversationListener(ushort port, IpAddress address)
    {
        try
        {
            Descriptor = Listen(port, address.IsNone ? IpAddress.AnyV6 : address);
        }
        catch (LinuxException e) when (address.IsNone && e.Errno is Errno.EAFNOSUPPORT or Errno.EADDRNOTAVAIL)
        {
            // A host without IPv6.
            Descriptor = Listen(port, IpAddress.AnyV4);
        }
    }

    /// <summary>The socket, for poll sets.</summary>
    public FileDescriptor Descriptor { get; }

    /// <summary>The port it listens on.</summary>
    public int Port => SocketCalls.LocalAddress(Descriptor).Port;

    /// <summary>The next connection; null when none waits.</summary>
    public KernelConversation? TryAccept() =>
        SocketCalls.TryAccept(Descriptor, out var from) is { } accepted ? KernelConversation.Of(accepted, from) : null;

    /// <inheritdoc/>
    public void Dispose() => Descriptor.Dispose();

    private static FileDescriptor Listen(ushort port, IpAddress address)
    {
        var socket = TcpStream.Open(address.IsV4);
        try
        {
            SocketCalls.Set(socket, SOL_SOCKET, SO_REUSEADDR, 1, nameof(SO_REUSEADDR));
            if (address == IpAddress.AnyV6)
            {
                SocketCalls.Set(socket, IPPROTO_IPV6, IPV6_V6ONLY, 0, nameof(IPV6_V6ONLY));
            }

            SocketCalls.Set(socket, IPPROTO_TCP, TCP_SAVE_SYN, 1, nameof(TCP_SAVE_SYN));
            SocketCalls.Bind(socket, new SocketAddress(address, port));
            SocketCalls.Listen(socket, Backlog);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
