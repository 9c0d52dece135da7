using System.Buffers.Binary;
using System.Text;

namespace Probe.Core.Tests.Capture;

public sealed record PcapngPacket(string Interface, ushort LinkType, long UnixNs, byte[] Octets, int Length, string? Comment);

/// <summary>Reads pcapng octet by octet as the draft describes it, and is stricter than a reader has to be.</summary>
internal static class PcapngReader
{
    public static (string Application, List<PcapngPacket> Packets) Read(byte[] file)
    {
        var packets = new List<PcapngPacket>();
        var interfaces = new List<(string Name, ushort LinkType)>();
        var application = "";
        var rest = file.AsSpan();
        while (!rest.IsEmpty)
        {
            var (type, length) = (U32(rest), (int)U32(rest[4..]));
            Assert.Equal(0, length % 4);
            Assert.Equal((uint)length, U32(rest[(length - 4)..]));
            var body = rest[8..(length - 4)];
            switch (type)
            {
                case 0x0A0D0D0A:
                    Assert.Equal(0x1A2B3C4Du, U32(body));
                    Assert.Equal((1, 0), (U16(body[4..]), U16(body[6..])));
                    Assert.Equal(ulong.MaxValue, BinaryPrimitives.ReadUInt64LittleEndian(body[8..]));
                    application = Encoding.UTF8.GetString(Options(body[16..])[4]);
                    break;
                case 1:
                    var options = Options(body[8..]);
                    Assert.Equal(9, options[9][0]);
                    interfaces.Add((Encoding.UTF8.GetString(options[2]), U16(body)));
                    break;
                case 6:
                    var (name, linkType) = interfaces[(int)U32(body)];
                    var kept = (int)U32(body[12..]);
                    var comment = Options(body[(20 + (kept + 3 & ~3))..]).GetValueOrDefault(1);
                    packets.Add(new PcapngPacket(
                        name,
                        linkType,
                        (long)((ulong)U32(body[4..]) << 32 | U32(body[8..])),
                        body[20..(20 + kept)].ToArray(),
                        (int)U32(body[16..]),
                        comment is null ? null : Encoding.UTF8.GetString(comment)));
                    break;
                default:
                    Assert.Fail($"block type {type}");
                    break;
            }

            rest = rest[length..];
        }

        return (application, packets);
    }

    private static Dictionary<int, byte[]> Options(ReadOnlySpan<byte> octets)
    {
        var options = new Dictionary<int, byte[]>();
        while (!octets.IsEmpty)
        {
            var (code, length) = (U16(octets), U16(octets[2..]));
            if (code == 0)
            {
                Assert.Equal(4, octets.Length);
                break;
            }

            options.Add(code, octets[4..(4 + length)].ToArray());
            octets = octets[(4 + (length + 3 & ~3))..];
        }

        return options;
    }

    private static uint U32(ReadOnlySpan<byte> octets) => BinaryPrimitives.ReadUInt32LittleEndian(octets);

    private static ushort U16(ReadOnlySpan<byte> octets) => BinaryPrimitives.ReadUInt16LittleEndian(octets);
}
