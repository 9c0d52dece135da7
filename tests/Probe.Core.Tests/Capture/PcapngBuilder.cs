using System.Buffers.Binary;

namespace Probe.Core.Tests.Capture;

/// <summary>Writes pcapng as other programs do: either byte order, any block, any option.</summary>
internal sealed class PcapngBuilder(bool bigEndian)
{
    private readonly List<byte> _file = [];

    public byte[] File => [.. _file];

    public PcapngBuilder Section() =>
        Block(0x0A0D0D0A, [.. U32(0x1A2B3C4D), .. U16(1), .. U16(0), .. U32(uint.MaxValue), .. U32(uint.MaxValue)]);

    public PcapngBuilder Interface(ushort linkType, params byte[] options) =>
        Block(1, [.. U16(linkType), .. U16(0), .. U32(0), .. options]);

    public PcapngBuilder Packet(uint number, ulong time, byte[] octets, params byte[] options) =>
        Block(6, [.. U32(number), .. Packet(time, octets), .. options]);

    public PcapngBuilder OldPacket(ushort number, ulong time, byte[] octets) =>
        Block(2, [.. U16(number), .. U16(7), .. Packet(time, octets)]);

    public PcapngBuilder SimplePacket(byte[] octets) => Block(3, [.. U32((uint)octets.Length), .. Padded(octets)]);

    public PcapngBuilder Block(uint type, params byte[] body)
    {
        var length = U32((uint)body.Length + 12);
        _file.AddRange([.. U32(type), .. length, .. body, .. length]);
        return this;
    }

    public byte[] Option(ushort code, params byte[] value) => [.. U16(code), .. U16((ushort)value.Length), .. Padded(value)];

    public byte[] U64(ulong value) =>
        bigEndian ? [.. U32((uint)(value >> 32)), .. U32((uint)value)] : [.. U32((uint)value), .. U32((uint)(value >> 32))];

    public byte[] U32(uint value)
    {
        var octets = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(octets, bigEndian ? value : BinaryPrimitives.ReverseEndianness(value));
        return octets;
    }

    private byte[] Packet(ulong time, byte[] octets)
    {
        var length = U32((uint)octets.Length);
        return [.. U32((uint)(time >> 32)), .. U32((uint)time), .. length, .. length, .. Padded(octets)];
    }

    private byte[] U16(ushort value) => bigEndian ? [(byte)(value >> 8), (byte)value] : [(byte)value, (byte)(value >> 8)];

    private static byte[] Padded(byte[] octets) => [.. octets, .. new byte[-octets.Length & 3]];
}
