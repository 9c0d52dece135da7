using System.Net.Sockets;
using System.Net;
using Probe.Core.Packets;

namespace Probe.Lab.Networks;

/// <summary>Sends whole IP packets to one host, whatever source they claim; opened inside a namespace, it stays there.</summary>
internal sealed class RawPackets : IDisposable
{
    private readonly Socket _socket;
    private readonly IPEndPoint _destination;

    public RawPackets(IpAddress destination)
    {
        _destination = new IPEndPoint(destination.ToIPAddress(), 0);
        _socket = new Socket(_destination.AddressFamily, SocketType.Raw, ProtocolType.Raw);
        if (destination.IsV4)
        {
            _socket.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.HeaderIncluded, optionValue: true);
        }
    }

    /// <summary>Sends a packet.</summary>
    public void Send(ReadOnlySpan<byte> packet) => _socket.SendTo(packet, _destination);

    /// <summary>Writes an ICMP error about a packet.</summary>
    /// <param name="buffer">Where to write.</param>
    /// <param name="source">Who complains.</param>
    /// <param name="destination">Who is told.</param>
    /// <param name="type">ICMP type.</param>
    /// <param name="code">ICMP code.</param>
    /// <param name="rest">The four octets after the checksum: the MTU for a packet that is too big.</param>
    /// <param name="quote">What is quoted.</param>
    /// <returns>Octets of the packet.</returns>
    public static int WriteError(Span<byte> buffer, IpAddress source, IpAddress destination, byte type, byte code, uint rest,
        ReadOnlySpan<byte> quote)
    {
        var v6 = source.IsV6;
        var header = v6 ? IPv6Header.Length : IPv4Header.MinimumLength;
        var length = IcmpMessage.Write(buffer[header..], v6, type, code, rest, quote);
        if (v6)
        {
            var fields = new IPv6Fields { NextHeader = IpProtocol.IcmpV6, HopLimit = 64, Source = source, Destination = destination };
            IPv6Header.Write(buffer, fields, length);
        }
        else
        {
            var fields = new IPv4Fields { Protocol = IpProtocol.Icmp, Ttl = 64, Source = source, Destination = destination };
            IPv4Header.Write(buffer, fields, length);
        }

        TransportChecksum.Write(buffer.Slice(header, length), v6 ? IpProtocol.IcmpV6 : IpProtocol.Icmp, source, destination);
        return header + length;
    }

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();
}
