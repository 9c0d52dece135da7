using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Probe.Core.TcpTests;

/// <summary>
/// A ClientHello (RFC 8446 section 4.1.2) that any TLS 1.2 or 1.3 server can answer, brought to a wanted length by the padding extension
/// (RFC 7685). What is larger than one record goes over several.
/// </summary>
internal static class TlsClientHello
{
    /// <summary>Longest hello, records included, octets: extensions are counted in 16 bits.</summary>
    public const int MaxLength = 60_000;

    /// <summary>Shortest hello, octets, whatever the server's name.</summary>
    public const int MinLength = 512;

    private const int RecordHeader = 5;
    private const int HandshakeHeader = 4;
    private const int LargestRecord = 1 << 14;
    private const byte Handshake = 22;

    /// <summary>Makes a hello of exactly this many octets.</summary>
    /// <param name="length">From <see cref="MinLength"/> to <see cref="MaxLength"/>.</param>
    /// <param name="serverName">For the SNI extension (RFC 6066); null leaves it out, as for an address.</param>
    public static byte[] Make(int length, string? serverName)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(length, MinLength);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, MaxLength);
        var records = (length + LargestRecord + RecordHeader - 1) / (LargestRecord + RecordHeader);
        var message = Message(length - records * RecordHeader, serverName);
        var hello = new byte[length];
        var (at, from) = (0, 0);
        for (var record = 0; record < records; record++)
        {
            // The last record must not be empty, whatever the remainder.
            var size = (message.Length - from) / (records - record);
            hello[at] = Handshake;
            BinaryPrimitives.WriteUInt16BigEndian(hello.AsSpan(at + 1), 0x0301);
            BinaryPrimitives.WriteUInt16BigEndian(hello.AsSpan(at + 3), (ushort)size);
            message.AsSpan(from, size).CopyTo(hello.AsSpan(at + RecordHeader));
            (at, from) = (at + RecordHeader + size, from + size);
        }

        return hello;
    }

    private static byte[] Message(int length, string? serverName)
    {
        var extensions = Extensions(serverName);
        var body = new MemoryStream(length);
        body.Write([1, 0, (byte)((length - HandshakeHeader) >> 8), (byte)(length - HandshakeHeader)]);
        body.Write([3, 3]);
        body.Write(RandomNumberGenerator.GetBytes(32));
        body.WriteByte(32);
        body.Write(RandomNumberGenerator.GetBytes(32));
        Vector16(body, [0x13, 0x01, 0x13, 0x02, 0x13, 0x03, 0xc0, 0x2b, 0xc0, 0x2f, 0xc0, 0x2c, 0xc0, 0x30, 0xcc, 0xa9, 0xcc, 0xa8]);
        body.Write([1, 0]);
        var padding = length - (int)body.Length - 2 - extensions.Length - 4;
        Number16(body, extensions.Length + 4 + padding);
        body.Write(extensions);
        Extension(body, 21, new byte[padding]);
        return body.ToArray();
    }

    private static byte[] Extensions(string? serverName)
    {
        var all = new MemoryStream();
        if (serverName is not null)
        {
            var name = Encoding.ASCII.GetBytes(serverName);
            Extension(all, 0, [.. Length16(name.Length + 3), 0, .. Length16(name.Length), .. name]);
        }

        // supported_groups, ec_point_formats, signature_algorithms, supported_versions, psk_key_exchange_modes, key_share (x25519).
        Extension(all, 10, [0, 4, 0, 0x1d, 0, 0x17]);
        Extension(all, 11, [1, 0]);
        Extension(all, 13, [0, 16, 4, 3, 8, 4, 4, 1, 5, 3, 8, 5, 5, 1, 8, 6, 6, 1]);
        Extension(all, 43, [4, 3, 4, 3, 3]);
        Extension(all, 45, [1, 1]);
        Extension(all, 51, [0, 36, 0, 0x1d, 0, 32, .. RandomNumberGenerator.GetBytes(32)]);
        return all.ToArray();
    }

    private static void Extension(MemoryStream to, int type, ReadOnlySpan<byte> value)
    {
        Number16(to, type);
        Vector16(to, value);
    }

    private static void Vector16(MemoryStream to, ReadOnlySpan<byte> octets)
    {
        Number16(to, octets.Length);
        to.Write(octets);
    }

    private static void Number16(MemoryStream to, int number) => to.Write(Length16(number));

    private static byte[] Length16(int number) => [(byte)(number >> 8), (byte)number];
}
