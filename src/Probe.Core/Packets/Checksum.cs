using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Probe.Core.Packets;

/// <summary>The Internet checksum: the ones' complement of the ones' complement sum of 16-bit words (RFC 1071).</summary>
public static class Checksum
{
    /// <summary>Adds octets to a running sum; an odd last octet is padded with a zero on its right.</summary>
    /// <param name="data">Octets to add.</param>
    /// <param name="seed">An earlier sum over an even number of octets.</param>
    /// <returns>A sum that is not yet folded to 16 bits.</returns>
    public static uint Sum(ReadOnlySpan<byte> data, uint seed = 0)
    {
        // The sum does not depend on byte order (RFC 1071 section 2), so words are added as the processor reads them and swapped once.
        ulong sum = 0;
        var words = MemoryMarshal.Cast<byte, ulong>(data);
        foreach (var word in words)
        {
            sum += (word & 0xffff_ffff) + (word >> 32);
        }

        var tail = data[(words.Length * sizeof(ulong))..];
        if (!tail.IsEmpty)
        {
            Span<byte> padded = stackalloc byte[sizeof(ulong)];
            padded.Clear();
            tail.CopyTo(padded);
            var word = MemoryMarshal.Read<ulong>(padded);
            sum += (word & 0xffff_ffff) + (word >> 32);
        }

        sum = (sum & 0xffff_ffff) + (sum >> 32);
        sum = (sum & 0xffff_ffff) + (sum >> 32);
        var folded = Fold((uint)sum);
        if (BitConverter.IsLittleEndian)
        {
            folded = BinaryPrimitives.ReverseEndianness(folded);
        }

        return (seed & 0xffff) + (seed >> 16) + folded;
    }

    /// <summary>Folds a running sum to 16 bits.</summary>
    public static ushort Fold(uint sum)
    {
        sum = (sum & 0xffff) + (sum >> 16);
        return (ushort)((sum & 0xffff) + (sum >> 16));
    }

    /// <summary>Folds and complements a running sum: the checksum itself. Over data that holds a right checksum it is 0.</summary>
    public static ushort Finish(uint sum) => (ushort)~Fold(sum);

    /// <summary>The checksum of octets.</summary>
    public static ushort Of(ReadOnlySpan<byte> data) => Finish(Sum(data));

    /// <summary>
    /// The sum of the pseudo header that TCP, UDP and ICMPv6 put under their checksum (RFC 9293 section 3.1, RFC 8200 section 8.1);
    /// a seed for <see cref="Sum"/>.
    /// </summary>
    /// <param name="source">Source address.</param>
    /// <param name="destination">Destination address; with a routing header the final one.</param>
    /// <param name="protocol">Protocol number of the transport, not of an extension header.</param>
    /// <param name="length">Octets of the transport header and its payload.</param>
    public static uint PseudoHeader(IpAddress source, IpAddress destination, byte protocol, int length) =>
        SumOf(source) + SumOf(destination) + protocol + (uint)(length & 0xffff) + (uint)(length >> 16);

    private static uint SumOf(IpAddress address)
    {
        var (high, low) = (address.High, address.Low);
        var sum = (high >> 32) + (high & 0xffff_ffff) + (low >> 32) + (low & 0xffff_ffff);
        return (uint)((sum & 0xffff) + (sum >> 16 & 0xffff) + (sum >> 32));
    }
}
