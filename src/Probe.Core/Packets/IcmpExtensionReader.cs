using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text;

namespace Probe.Core.Packets;

/// <summary>
/// Reads the extension structure of an ICMP error (RFC 4884 sections 7 and 8) and the objects known here (RFC 4950, RFC 5837).
/// </summary>
internal static class IcmpExtensionReader
{
    public const int HeaderLength = 4;
    public const int ObjectHeaderLength = 4;
    public const byte Version = 2;
    public const byte MplsClass = 1;
    public const byte MplsIncomingStack = 1;
    public const byte InterfaceClass = 2;
    public const byte HasIndex = 8;
    public const byte HasAddress = 4;
    public const byte HasName = 2;
    public const byte HasMtu = 1;
    public const ushort AddressFamilyV4 = 1;
    public const ushort AddressFamilyV6 = 2;
    public const int MaximumNameObject = 64;

    /// <summary>True for a structure header of version 2 whose checksum is right or was not sent (0).</summary>
    public static bool IsStructure(ReadOnlySpan<byte> data) =>
        data.Length >= HeaderLength && data[0] >> 4 == Version && (ChecksumField(data) == 0 || Checksum.Of(data) == 0);

    /// <summary>
    /// True for a structure that cannot be taken for the payload of a quoted probe: its checksum is there and right, or, where none was
    /// sent, objects fill it to the last octet.
    /// </summary>
    public static bool ProvesItself(ReadOnlySpan<byte> data) =>
        IsStructure(data) && (ChecksumField(data) != 0 || ObjectsFill(data[HeaderLength..]));

    /// <summary>Reads objects up to the end or to the first that is shorter than its header or longer than what is left.</summary>
    public static IcmpExtensions ReadObjects(ReadOnlySpan<byte> objects)
    {
        var labels = ImmutableArray.CreateBuilder<MplsLabel>();
        var interfaces = ImmutableArray.CreateBuilder<InterfaceInformation>();
        while (TryReadLength(objects, out var length))
        {
            var payload = objects[ObjectHeaderLength..length];
            var (objectClass, type) = (objects[2], objects[3]);
            if (objectClass == MplsClass && type == MplsIncomingStack)
            {
                ReadLabels(payload, labels);
            }
            else if (objectClass == InterfaceClass && TryReadInterface(payload, type, out var information))
            {
                interfaces.Add(information);
            }

            objects = objects[length..];
        }

        return new IcmpExtensions { Mpls = labels.DrainToImmutable(), Interfaces = interfaces.DrainToImmutable() };
    }

    private static ushort ChecksumField(ReadOnlySpan<byte> data) => BinaryPrimitives.ReadUInt16BigEndian(data[2..]);

    private static bool ObjectsFill(ReadOnlySpan<byte> objects)
    {
        if (objects.IsEmpty)
        {
            return false;
        }

        while (TryReadLength(objects, out var length))
        {
            objects = objects[length..];
        }

        return objects.IsEmpty;
    }

    private static bool TryReadLength(ReadOnlySpan<byte> objects, out int length)
    {
        length = objects.Length < ObjectHeaderLength ? 0 : BinaryPrimitives.ReadUInt16BigEndian(objects);
        return length >= ObjectHeaderLength && length <= objects.Length;
    }

    // RFC 4950 section 3: entries as they stood on the wire (RFC 3032 section 2.1).
    private static void ReadLabels(ReadOnlySpan<byte> payload, ImmutableArray<MplsLabel>.Builder labels)
    {
        for (; payload.Length >= 4; payload = payload[4..])
        {
            var entry = BinaryPrimitives.ReadUInt32BigEndian(payload);
            labels.Add(new MplsLabel((int)(entry >> 12), (byte)(entry >> 9 & 7), (entry >> 8 & 1) != 0, (byte)entry));
        }
    }

    // RFC 5837 section 4: the C-type says which parts follow, always in this order. A part that is cut makes the whole object worthless.
    private static bool TryReadInterface(ReadOnlySpan<byte> payload, byte type, out InterfaceInformation information)
    {
        information = null!;
        uint? index = null;
        uint? mtu = null;
        IpAddress? address = null;
        string? name = null;
        if ((type & HasIndex) != 0 && !TryReadNumber(ref payload, out index))
        {
            return false;
        }

        if ((type & HasAddress) != 0 && !TryReadAddress(ref payload, out address))
        {
            return false;
        }

        if ((type & HasName) != 0 && !TryReadName(ref payload, out name))
        {
            return false;
        }

        if ((type & HasMtu) != 0 && !TryReadNumber(ref payload, out mtu))
        {
            return false;
        }

        information = new InterfaceInformation((byte)(type >> 6), index, address, name, mtu);
        return true;
    }

    private static bool TryReadNumber(ref ReadOnlySpan<byte> payload, out uint? number)
    {
        number = null;
        if (payload.Length < 4)
        {
            return false;
        }

        number = BinaryPrimitives.ReadUInt32BigEndian(payload);
        payload = payload[4..];
        return true;
    }

    private static bool TryReadAddress(ref ReadOnlySpan<byte> payload, out IpAddress? address)
    {
        address = null;
        if (payload.Length < 4)
        {
            return false;
        }

        var length = BinaryPrimitives.ReadUInt16BigEndian(payload) switch
        {
            AddressFamilyV4 => 4,
            AddressFamilyV6 => 16,
            _ => int.MaxValue - 4,
        };
        if (payload.Length < 4 + length)
        {
            return false;
        }

        address = new IpAddress(payload[4..(4 + length)]);
        payload = payload[(4 + length)..];
        return true;
    }

    // RFC 5837 section 4.3: one octet of length that counts itself, the text, NULs up to a multiple of 4; 64 octets at most.
    private static bool TryReadName(ref ReadOnlySpan<byte> payload, out string? name)
    {
        name = null;
        if (payload.IsEmpty)
        {
            return false;
        }

        int length = payload[0];
        if (length is < 4 or > MaximumNameObject || length % 4 != 0 || length > payload.Length)
        {
            return false;
        }

        name = Encoding.UTF8.GetString(payload[1..length].TrimEnd((byte)0));
        payload = payload[length..];
        return true;
    }
}
