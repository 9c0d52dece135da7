using System.Net;
using System.Net.Sockets;
using System.Text;
using Probe.Core.Vocabulary;
using static Probe.Core.Linux.SocketConstants;
using static Probe.Core.Linux.TcpConstants;

namespace Probe.Core.Health;

/// <summary>The socket of one exchange.</summary>
internal static class ExchangeSocket
{
    /// <summary>Opens it, with the options of the engine and the address family of the target; not yet connected.</summary>
    /// <exception cref="SocketException">The system does not allow it.</exception>
    public static Socket Open(CheckTarget target, CheckEngineOptions options)
    {
        var v6 = target.Address.IsV6;
        var family = v6 ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork;
        var socket = target.Kind switch
        {
            CheckKind.Udp => new Socket(family, SocketType.Dgram, ProtocolType.Udp),
            CheckKind.Icmp => EchoSocket.Open(family),
            CheckKind.Connect or CheckKind.Tls or CheckKind.Http or CheckKind.SendExpect =>
                new Socket(family, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true },
            _ => throw new ArgumentOutOfRangeException(nameof(target), target.Kind, message: null),
        };
        try
        {
            var level = v6 ? IPPROTO_IPV6 : IPPROTO_IP;
            Set(socket, level, v6 ? IPV6_RECVERR : IP_RECVERR, 1);
            if (options.TrafficClass != 0)
            {
                Set(socket, level, v6 ? IPV6_TCLASS : IP_TOS, options.TrafficClass);
            }

            if (options.Mark is { } mark)
            {
                Set(socket, SOL_SOCKET, SO_MARK, (int)mark);
            }

            if (options.Interface is { } name)
            {
                socket.SetRawSocketOption(SOL_SOCKET, SO_BINDTODEVICE, [.. Encoding.UTF8.GetBytes(name), 0]);
            }

            if (!options.Source.IsNone)
            {
                Set(socket, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
                socket.Bind(new IPEndPoint(options.Source.ToIPAddress(), 0));
            }

            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static void Set(Socket socket, int level, int option, int value) =>
        socket.SetRawSocketOption(level, option, BitConverter.GetBytes(value));
}
