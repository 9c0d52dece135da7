using System.Buffers.Binary;
using System.Text.Unicode;

namespace Probe.Core.Packets;

/// <summary>
/// Writes the extension structure of an ICMP error (RFC 4884 section 7); padding the quote and setting its length are the caller's.
/// </summary>
public static class IcmpExtensionWriter
{
    /// <summary>
    /// Writes the structure header with its checksum, one MPLS object with all labels when there are any, and one object per interface.
    /// </summary>
    /// <returns>Octets written.</returns>
    /// <exception cref="ArgumentException">The span is too short, or there are more labels than one object holds.</exception>
    public static int Write(Span<byte> destination, IcmpExtensions extensions)
    {
        var length = IcmpExtensionReader.HeaderLength;
        if (!extensions.Mpls.IsDefaultOrEmpty)
        {
            length += WriteLabels(destination[length..], extensions);
        }

        if (!extensions.Interfaces.IsDefaultOrEmpty)
        {
            foreach (var information in extensions.Interfaces)
            {
                length += WriteInterface(destination[length..], information);
            }
        }

        var structure = destination[..length];
        structure[0] = IcmpExtensionReader.Version << 4;
        structure[1..4].Clear();
        var checksum = Checksum.Of(structure);

        // 0 says "not sent"; the other zero of ones' complement says zero.
        BinaryPrimitives.WriteUInt16BigEndian(structure[2..], checksum == 0 ? ushort.MaxValue : checksum);
        return length;
    }

    private static int WriteLabels(Span<byte> destination, IcmpExtensions extensions)
    {
        var length = IcmpExtensionReader.ObjectHeaderLength;
        foreach (var label in extensions.Mpls)
        {
            var entry = (uint)label.Label << 12 | (uint)(label.TrafficClass & 7) << 9 | (label.Bottom ? 1u << 8 : 0) | label.Ttl;
            BinaryPrimitives.WriteUInt32BigEndian(destination[length..], entry);
            length += 4;
        }

        return WriteObjectHeader(destination, length, IcmpExtensionReader.MplsClass, IcmpExtensionReader.MplsIncomingStack);
    }

    private static int WriteInterface(Span<byte> destination, InterfaceInformation information)
    {
        var type = (byte)(information.Role << 6);
        var length = IcmpExtensionReader.ObjectHeaderLength;
        if (information.Index is { } index)
        {
            type |= IcmpExtensionReader.HasIndex;
            BinaryPrimitives.WriteUInt32BigEndian(destination[length..], index);
            length += 4;
        }

        if (information.Address is { IsNone: false } address)
        {
            type |= IcmpExtensionReader.HasAddress;
            var family = address.IsV4 ? IcmpExtensionReader.AddressFamilyV4 : IcmpExtensionReader.AddressFamilyV6;
            BinaryPrimitives.WriteUInt32BigEndian(destination[length..], (uint)family << 16);
            length += 4 + address.WriteTo(destination[(length + 4)..]);
        }

        if (information.Name is { } name)
        {
            type |= IcmpExtensionReader.HasName;
            length += WriteName(destination[length..], name);
        }

        if (information.Mtu is { } mtu)
        {
            type |= IcmpExtensionReader.HasMtu;
            BinaryPrimitives.WriteUInt32BigEndian(destination[length..], mtu);
            length += 4;
        }

        return WriteObjectHeader(destination, length, IcmpExtensionReader.InterfaceClass, type);
    }

    // A name longer than 63 octets is cut in front of the character that does not fit.
    private static int WriteName(Span<byte> destination, string name)
    {
        Span<byte> text = stackalloc byte[IcmpExtensionReader.MaximumNameObject - 1];
        Utf8.FromUtf16(name, text, out _, out var written);
        var length = (1 + written + 3) / 4 * 4;
        var part = destination[..length];
        part.Clear();
        part[0] = (byte)length;
        text[..written].CopyTo(part[1..]);
        return length;
    }

    private static int WriteObjectHeader(Span<byte> destination, int length, byte objectClass, byte type)
    {
        if (length > ushort.MaxValue)
        {
            throw new ArgumentException("An extension object has at most 65535 octets.", nameof(length));
        }

        BinaryPrimitives.WriteUInt16BigEndian(destination, (ushort)length);
        destination[2] = objectClass;
        destination[3] = type;
        return length;
    }
}
