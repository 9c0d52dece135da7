using System.Buffers.Binary;
using System.Text;
using Probe.Core.Packets;

namespace Probe.Cli.Tests.Names;

/// <summary>
/// Writes MaxMind databases (MaxMind DB File Format Specification 2.0): a binary tree of prefixes, whose leaves point at records. IPv4 addresses stand
/// in a tree of IPv6 at ::/96.
/// </summary>
internal sealed class DatabaseWriter(int version = 6, int recordBits = 24, string type = "Test-ASN")
{
    private const int Empty = -1;
    private const int SeparatorLength = 16;
    private static readonly byte[] Marker = [0xab, 0xcd, 0xef, .. "MaxMind.com"u8];

    // A child is a node (0 and above), nothing (-1), or the record at place -2 - child.
    private readonly List<int[]> _nodes = [[Empty, Empty]];
    private readonly List<byte[]> _records = [];

    /// <summary>Adds a prefix; one inside another is added after it, and is the one that counts there.</summary>
    public DatabaseWriter Add(string prefix, params (string Key, object Value)[] record) => AddRaw(prefix, Map(record));

    /// <summary>Adds a prefix whose record is these octets.</summary>
    public DatabaseWriter AddRaw(string prefix, byte[] record)
    {
        _records.Add(record);
        var parts = prefix.Split('/');
        var address = IpAddress.Parse(parts[0]);
        var (width, length) = (version == 4 ? 32 : 128, int.Parse(parts[1]) + (address.IsV4 && version == 6 ? 96 : 0));
        var node = 0;
        for (var bit = 0; bit < length - 1; bit++)
        {
            node = Descend(node, Bit(address.Bits, width, bit));
        }

        _nodes[node][Bit(address.Bits, width, length - 1)] = -1 - _records.Count;
        return this;
    }

    /// <summary>Writes it.</summary>
    public byte[] Write()
    {
        var starts = new List<int>();
        var data = new List<byte>();
        foreach (var record in _records)
        {
            starts.Add(data.Count);
            data.AddRange(record);
        }

        var file = new List<byte>();
        foreach (var node in _nodes)
        {
            var (left, right) = (Record(node[0], starts), Record(node[1], starts));
            file.AddRange(recordBits switch
            {
                24 => [.. Octets(left)[1..], .. Octets(right)[1..]],
                28 => [.. Octets(left)[1..], (byte)(left >> 24 << 4 | right >> 24), .. Octets(right)[1..]],
                _ => [.. Octets(left), .. Octets(right)],
            });
        }

        file.AddRange(new byte[SeparatorLength]);
        file.AddRange(data);
        file.AddRange(Marker);
        file.AddRange(Map(("binary_format_major_version", (ushort)2), ("binary_format_minor_version", (ushort)0), ("build_epoch", 1_700_000_000UL),
            ("database_type", type), ("description", new[] { ("en", (object)"of a test") }), ("ip_version", (ushort)version), ("languages", new[] { "en" }),
            ("node_count", (uint)_nodes.Count), ("record_size", (ushort)recordBits)));
        return [.. file];
    }

    /// <summary>A map as it stands in a record.</summary>
    public static byte[] Map(params (string Key, object Value)[] pairs) =>
        [.. Control(7, pairs.Length), .. pairs.SelectMany(pair => (byte[])[.. Encode(pair.Key), .. Encode(pair.Value)])];

    /// <summary>A pointer to a place in the data, which a record may have for a value.</summary>
    public static byte[] Pointer(int at) => [(byte)(0b001_10_000 | at >> 24 & 7), .. Octets((uint)(at - 526_336))[1..]];

    private static byte[] Encode(object value) => value switch
    {
        string text => [.. Control(2, Encoding.UTF8.GetByteCount(text)), .. Encoding.UTF8.GetBytes(text)],
        byte[] raw => raw,
        ushort number => [.. Control(5, 2), .. Octets(number)[2..]],
        uint number => [.. Control(6, 4), .. Octets(number)],
        int number => [.. Control(8, 4), .. Octets((uint)number)],
        ulong number => [.. Control(9, 8), .. Octets((uint)(number >> 32)), .. Octets((uint)number)],
        string[] texts => [.. Control(11, texts.Length), .. texts.SelectMany(Encode)],
        (string, object)[] pairs => Map(pairs),
        _ => throw new ArgumentException($"no such type: {value}", nameof(value)),
    };

    // Types above 7 stand in an octet of their own; lengths above 28 in further ones.
    private static byte[] Control(int type, int length)
    {
        var (size, more) = length < 29 ? (length, (byte[])[]) : length < 285 ? (29, [(byte)(length - 29)]) : (30, Octets((uint)(length - 285))[2..]);
        return type <= 7 ? [(byte)(type << 5 | size), .. more] : [(byte)size, (byte)(type - 7), .. more];
    }

    private int Descend(int node, int side)
    {
        var child = _nodes[node][side];
        if (child < 0)
        {
            // What was the whole of this part still is what nothing longer covers.
            _nodes.Add([child, child]);
            _nodes[node][side] = child = _nodes.Count - 1;
        }

        return child;
    }

    private uint Record(int child, List<int> starts) => child switch
    {
        Empty => (uint)_nodes.Count,
        >= 0 => (uint)child,
        _ => (uint)(_nodes.Count + SeparatorLength + starts[-2 - child]),
    };

    private static int Bit(UInt128 bits, int width, int at) => (int)(bits >> width - 1 - at & 1);

    private static byte[] Octets(uint number)
    {
        var octets = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(octets, number);
        return octets;
    }
}
