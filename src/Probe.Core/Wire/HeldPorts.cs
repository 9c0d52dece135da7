using Probe.Core.Linux.Sockets;
using Probe.Core.Linux;
using Probe.Core.Packets;
using Probe.Core.Vocabulary;
using static Probe.Core.Linux.SocketConstants;

namespace Probe.Core.Wire;

/// <summary>What the kernel does with TCP answers that come to a held port.</summary>
public enum HeldPortMode
{
    /// <summary>
    /// The kernel resets: a SYN-ACK finds a bound socket that does not listen, and draws a RST within microseconds. The half-open
    /// connection at the target ends by itself.
    /// </summary>
    KernelResets,

    /// <summary>
    /// The kernel is mute: a listening socket whose filter takes nothing. Raw sockets still see the answer; ending the connection is
    /// the caller's.
    /// </summary>
    KernelMute,
}

/// <summary>
/// Holds local TCP or UDP ports while raw sockets use them: no other program gets them, and the kernel answers what comes back in
/// exactly one way. UDP answers are always swallowed, so that no port-unreachable goes to the target.
/// </summary>
public sealed class HeldPorts : IDisposable
{
    // Names, files and pipes need descriptors too.
    private const int DescriptorsLeftAlone = 64;

    private readonly List<FileDescriptor> _sockets = [];
    private readonly List<ushort> _ports = [];
    private readonly ProbeProtocol _protocol;
    private readonly HeldPortMode _mode;
    private readonly int _scope;

    /// <summary>Holds ports that the kernel chooses (net.ipv4.ip_local_port_range).</summary>
    /// <param name="source">The local address.</param>
    /// <param name="protocol"><see cref="ProbeProtocol.Tcp"/> or <see cref="ProbeProtocol.Udp"/>.</param>
    /// <param name="count">How many.</param>
    /// <param name="mode">What the kernel does with TCP answers; of no effect for UDP.</param>
    /// <param name="networkInterface">Needed for a link-local source.</param>
    /// <exception cref="LinuxException">The address is foreign (EADDRNOTAVAIL), or no port is left (EADDRINUSE).</exception>
    public HeldPorts(
        IpAddress source, ProbeProtocol protocol, int count, HeldPortMode mode = HeldPortMode.KernelResets, string? networkInterface = null)
        : this(source, protocol, new ushort[count], mode, networkInterface)
    {
    }

    /// <summary>Holds these very ports; 0 stands for one that the kernel chooses.</summary>
    /// <param name="source">The local address.</param>
    /// <param name="protocol"><see cref="ProbeProtocol.Tcp"/> or <see cref="ProbeProtocol.Udp"/>.</param>
    /// <param name="ports">The ports.</param>
    /// <param name="mode">What the kernel does with TCP answers; of no effect for UDP.</param>
    /// <param name="networkInterface">Needed for a link-local source.</param>
    /// <exception cref="LinuxException">A port is in use (EADDRINUSE), or the address is foreign (EADDRNOTAVAIL).</exception>
    public HeldPorts(
        IpAddress source,
        ProbeProtocol protocol,
        IReadOnlyList<ushort> ports,
        HeldPortMode mode = HeldPortMode.KernelResets,
        string? networkInterface = null)
    {
        ArgumentNullException.ThrowIfNull(ports);
        if (protocol == ProbeProtocol.Icmp)
        {
            throw new ArgumentException("ICMP has no ports.", nameof(protocol));
        }

        (Source, _protocol, _mode) = (source, protocol, mode);
        _scope = SocketCalls.Scope(source, networkInterface);
        try
        {
            foreach (var port in ports)
            {
                _ports.Add(Hold(port));
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The local address.</summary>
    public IpAddress Source { get; }

    /// <summary>The ports held.</summary>
    public IReadOnlyList<ushort> Ports => _ports;

    /// <summary>Holds more ports, chosen by the kernel.</summary>
    /// <param name="count">How many.</param>
    /// <param name="refusal">Why fewer came; null when all did.</param>
    public void Add(int count, out LinuxException? refusal)
    {
        refusal = null;
        var most = ResourceLimits.MostOpenFiles - DescriptorsLeftAlone;
        try
        {
            for (; count > 0; count--)
            {
                // Numbers are given out from the lowest free one, so the newest tells how many are taken.
                if (_sockets is [.., { Number: var newest }] && newest >= most)
                {
                    throw new LinuxException(Errno.EMFILE, "hold a port", SocketCalls.RaiseDescriptorLimit);
                }

                _ports.Add(Hold(port: 0));
            }
        }
        catch (LinuxException e)
        {
            refusal = e;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var socket in _sockets)
        {
            socket.Dispose();
        }
    }

    private ushort Hold(ushort port)
    {
        var address = new SocketAddress(Source, port, _scope);
        var tcp = _protocol == ProbeProtocol.Tcp;
        var socket = SocketCalls.Open(address.Family, tcp ? SOCK_STREAM : SOCK_DGRAM, 0, tcp ? "a TCP socket" : "a UDP socket");
        try
        {
            Bind(socket, address, tcp);
            _sockets.Add(socket);
            return SocketCalls.LocalAddress(socket).Port;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private void Bind(FileDescriptor socket, SocketAddress address, bool tcp)
    {
        if (address.Family == AF_INET6)
        {
            SocketCalls.Set(socket, IPPROTO_IPV6, IPV6_V6ONLY, 1, nameof(IPV6_V6ONLY));
        }

        if (!tcp || _mode == HeldPortMode.KernelMute)
        {
            SocketFilter.DropAll.Attach(socket);
        }

        if (!tcp)
        {
            // A frag-needed that quotes our datagram finds this socket by its port, and would teach the route cache through it.
            SocketCalls.LearnNoPathMtu(socket, address.Family, IP_PMTUDISC_OMIT);
        }

        SocketCalls.Bind(socket, address);
        if (tcp && _mode == HeldPortMode.KernelMute)
        {
            SocketCalls.Listen(socket, 1);
        }
    }
}
