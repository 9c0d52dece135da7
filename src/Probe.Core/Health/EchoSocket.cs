using System.Buffers.Binary;
using System.Net.Sockets;
using System.Security.Cryptography;
using Probe.Core.Linux;
using Probe.Core.Packets;

namespace Probe.Core.Health;

/// <summary>
/// One echo request and how its reply is told from others. A ping socket where the host allows one (net.ipv4.ping_group_range), else a raw
/// one.
/// </summary>
internal sealed class EchoSocket
{
    private const int PayloadLength = 16;

    private readonly bool _v6;
    private readonly bool _raw;
    private readonly byte[] _message = new byte[IcmpMessage.HeaderLength + PayloadLength];

    /// <param name="v6">ICMPv6.</param>
    /// <param name="isRaw">The socket is a raw one: it shows IPv4 headers and everybody's messages.</param>
    public EchoSocket(bool v6, bool isRaw)
    {
        (_v6, _raw) = (v6, isRaw);

        // The payload is what the reply is known by: a ping socket's kernel writes its own identifier.
        var rest = BinaryPrimitives.ReadUInt32BigEndian(RandomNumberGenerator.GetBytes(4));
        IcmpMessage.Write(_message, v6, v6 ? IcmpType.EchoRequestV6 : IcmpType.EchoRequest, 0, rest,
            RandomNumberGenerator.GetBytes(PayloadLength));
        if (!v6)
        {
            // The kernel writes those of ICMPv6 and of ping sockets.
            BinaryPrimitives.WriteUInt16BigEndian(_message.AsSpan(2), Checksum.Finish(Checksum.Sum(_message)));
        }
    }

    /// <summary>The message to send.</summary>
    public ReadOnlyMemory<byte> Request => _message;

    /// <summary>Opens a socket that can send it.</summary>
    /// <exception cref="SocketException">Neither kind is allowed.</exception>
    public static Socket Open(AddressFamily family)
    {
        var protocol = family == AddressFamily.InterNetwork ? ProtocolType.Icmp : ProtocolType.IcmpV6;
        try
        {
            return new Socket(family, SocketType.Dgram, protocol);
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.AccessDenied)
        {
            return new Socket(family, SocketType.Raw, protocol);
        }
    }

    /// <summary>Tries whether one can be opened.</summary>
    /// <exception cref="LinuxException">It cannot.</exception>
    public static void Try()
    {
        try
        {
            Open(AddressFamily.InterNetwork).Dispose();
        }
        catch (SocketException e)
        {
            throw new LinuxException(
                e.NativeErrorCode, "open a socket for echo requests",
                LinuxException.NeedsCapability("CAP_NET_RAW") + ", or widen net.ipv4.ping_group_range");
        }
    }

    /// <summary>What came is the reply to this request.</summary>
    public bool IsReply(ReadOnlySpan<byte> octets)
    {
        if (_raw && !_v6)
        {
            octets = IPv4Header.TryRead(octets, out var header) ? header.Payload : default;
        }

        return IcmpMessage.TryRead(octets, _v6, out var message) && message.IsEchoReply
            && message.Body.SequenceEqual(_message.AsSpan(IcmpMessage.HeaderLength));
    }
}
