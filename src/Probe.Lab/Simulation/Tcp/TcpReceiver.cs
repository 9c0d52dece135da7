using System.Buffers.Binary;

namespace Probe.Lab.Simulation.Tcp;

/// <summary>
/// The receiving half of a connection: puts segments in order, and says what is to be acknowledged and when (RFC 9293 section 3.10.7.4, RFC
/// 2018).
/// </summary>
internal sealed class TcpReceiver
{
    private const byte SackKind = 5;
    private const int MostBlocks = 3;

    private readonly SortedList<long, (byte[] Data, bool Fin)> _early = [];
    private readonly Queue<byte> _unread = [];
    private int _unacknowledged;

    /// <summary>The next octet expected, after the SYN; the FIN takes one.</summary>
    public long Next { get; private set; }

    /// <summary>The peer sends no more, and all before was received.</summary>
    public bool IsFinished { get; private set; }

    /// <summary>Octets that wait to be read.</summary>
    public int Unread => _unread.Count;

    /// <summary>Segments with data that came, repeats included.</summary>
    public int Segments { get; private set; }

    /// <summary>Of them those that were there already.</summary>
    public int Duplicates { get; private set; }

    /// <summary>Takes a segment.</summary>
    /// <returns>True when it is to be acknowledged at once: out of order, a repeat, a FIN, or the second of two.</returns>
    public bool Take(long offset, ReadOnlySpan<byte> data, bool fin)
    {
        Segments += data.IsEmpty ? 0 : 1;
        var end = offset + data.Length + (fin ? 1 : 0);
        if (end <= Next)
        {
            Duplicates += data.IsEmpty ? 0 : 1;
            return true;
        }

        _early.TryAdd(offset, (data.ToArray(), fin));
        var hadHole = _early.Count > 1 || offset > Next;
        while (_early.Count > 0 && _early.GetKeyAtIndex(0) <= Next)
        {
            var at = _early.GetKeyAtIndex(0);
            var (octets, isLast) = _early.GetValueAtIndex(0);
            _early.RemoveAt(0);
            Append(octets.AsSpan((int)Math.Min(octets.Length, Next - at)), isLast);
        }

        return hadHole || IsFinished || ++_unacknowledged >= 2;
    }

    /// <summary>An acknowledgment has left.</summary>
    public void Acknowledged() => _unacknowledged = 0;

    /// <summary>Reads what is there.</summary>
    public int Read(Span<byte> octets)
    {
        var count = Math.Min(octets.Length, _unread.Count);
        for (var i = 0; i < count; i++)
        {
            octets[i] = _unread.Dequeue();
        }

        return count;
    }

    /// <summary>The SACK option for what came out of order; empty when nothing did.</summary>
    /// <param name="firstSequence">Sequence number of the first octet after the SYN.</param>
    public byte[] SackOption(uint firstSequence)
    {
        var blocks = new List<(long From, long To)>();
        foreach (var (offset, (data, fin)) in _early)
        {
            var end = offset + data.Length + (fin ? 1 : 0);
            if (blocks.Count > 0 && offset <= blocks[^1].To)
            {
                blocks[^1] = (blocks[^1].From, Math.Max(blocks[^1].To, end));
            }
            else
            {
                blocks.Add((offset, end));
            }
        }

        if (blocks.Count == 0)
        {
            return [];
        }

        var told = blocks.TakeLast(MostBlocks).ToList();
        var option = new byte[4 + 8 * told.Count];
        (option[0], option[1], option[2], option[3]) = (1, 1, SackKind, (byte)(2 + 8 * told.Count));
        for (var i = 0; i < told.Count; i++)
        {
            BinaryPrimitives.WriteUInt32BigEndian(option.AsSpan(4 + 8 * i), firstSequence + (uint)told[i].From);
            BinaryPrimitives.WriteUInt32BigEndian(option.AsSpan(8 + 8 * i), firstSequence + (uint)told[i].To);
        }

        return option;
    }

    /// <summary>The blocks of a SACK option, as places in the stream.</summary>
    public static List<(long From, long To)> ReadSack(ReadOnlySpan<byte> options, uint firstSequence)
    {
        var blocks = new List<(long From, long To)>();
        while (options.Length >= 2 && options[0] != 0)
        {
            if (options[0] == 1)
            {
                options = options[1..];
                continue;
            }

            var length = Math.Clamp((int)options[1], 2, options.Length);
            for (var i = 2; options[0] == SackKind && i + 8 <= length; i += 8)
            {
                blocks.Add(((int)(BinaryPrimitives.ReadUInt32BigEndian(options[i..]) - firstSequence),
                    (int)(BinaryPrimitives.ReadUInt32BigEndian(options[(i + 4)..]) - firstSequence)));
            }

            options = options[length..];
        }

        return blocks;
    }

    private void Append(ReadOnlySpan<byte> octets, bool isLast)
    {
        foreach (var octet in octets)
        {
            _unread.Enqueue(octet);
        }

        Next += octets.Length + (isLast ? 1 : 0);
        IsFinished |= isLast;
    }
}
