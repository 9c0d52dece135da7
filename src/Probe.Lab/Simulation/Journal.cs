namespace Probe.Lab.Simulation;

/// <summary>What happened to a packet.</summary>
public enum JournalKind : byte
{
    /// <summary>A node made it; at the vantage host: it was injected.</summary>
    Made,

    /// <summary>It was put on a link.</summary>
    Sent,

    /// <summary>It came in by a link.</summary>
    Arrived,

    /// <summary>It reached a node it was for; at the vantage host: it was handed out.</summary>
    Delivered,

    /// <summary>It went no further.</summary>
    Dropped,

    /// <summary>It would have deserved an answer, which was not sent.</summary>
    Unanswered,
}

/// <summary>Why a packet was dropped, or not answered.</summary>
public enum DropReason : byte
{
    None,

    /// <summary>Lost on the link it was put on.</summary>
    Loss,

    /// <summary>TTL or hop limit ran out.</summary>
    Expired,

    /// <summary>No route, or one without a next hop.</summary>
    NoRoute,

    /// <summary>It came to a host that is not a router.</summary>
    NotForwarding,

    /// <summary>Too big for the next link.</summary>
    TooBig,

    /// <summary>A rule took it.</summary>
    Rule,

    /// <summary>A checksum is wrong.</summary>
    BadChecksum,

    /// <summary>Its inside makes no sense to the node it is for.</summary>
    Malformed,

    /// <summary>Taken by the node it was for, which had nothing to say.</summary>
    Consumed,

    /// <summary>Waits for other fragments, or its packet was put together of them.</summary>
    Fragment,

    /// <summary>The NAT passes no errors back.</summary>
    Nat,

    /// <summary>A tunnel's end knows its encapsulation but cannot read it.</summary>
    Tunnel,

    /// <summary>It was merged with the segments around it, and what was merged is lost.</summary>
    Merged,

    /// <summary>Not answered: a token bucket was empty.</summary>
    RateLimited,

    /// <summary>Not answered: the node is silent about this protocol.</summary>
    Silent,

    /// <summary>Not answered: the node has no address to answer from.</summary>
    NoAddress,

    /// <summary>Not answered: ICMP errors and later fragments never are (RFC 1122 section 3.2.2).</summary>
    NeverAnswered,
}

/// <summary>How much a journal keeps.</summary>
public enum JournalDetail
{
    /// <summary>Nothing.</summary>
    Off,

    /// <summary>What was made, delivered, dropped and left unanswered.</summary>
    Ends,

    /// <summary>Every packet at every node, too.</summary>
    Everything,
}

/// <summary>One line of the journal.</summary>
public readonly record struct JournalEntry
{
    public long AtNs { get; init; }

    public JournalKind Kind { get; init; }

    public DropReason Reason { get; init; }

    /// <summary>Name of the node it happened at.</summary>
    public string Node { get; init; }

    /// <summary>Name of the link it came by or was put on; "" when there is none.</summary>
    public string Link { get; init; }

    /// <summary>Number of the packet; duplicates, fragments and translations keep it.</summary>
    public long Packet { get; init; }

    /// <summary>Number of the packet that made this one; 0 for none.</summary>
    public long Cause { get; init; }

    /// <summary>The whole packet as it was then.</summary>
    public ReadOnlyMemory<byte> Octets { get; init; }

    public override string ToString() =>
        FormattableString.Invariant($"{AtNs} {Kind} #{Packet} at {Node} {Link}{Why} {Convert.ToHexString(Octets.Span)}");

    private string Why => Reason == DropReason.None ? "" : $" {Reason}";
}

/// <summary>
/// Every packet seen at every node, in order. When it is full the oldest entries go; memory is used again, so it costs nothing in steady
/// state.
/// </summary>
public sealed class Journal
{
    // Small, so that a network which lives for a few packets costs little.
    private const int LinesPerBlock = 256;
    private const int ChunkSize = 32 * 1024;

    private readonly LinkedList<Block> _blocks = new();
    private readonly SimulatedNetwork _network;
    private readonly int _capacity;

    internal Journal(SimulatedNetwork network, JournalDetail detail, int capacity)
    {
        _network = network;
        Detail = detail;
        _capacity = Math.Max(capacity, 2 * LinesPerBlock);
    }

    public JournalDetail Detail { get; }

    /// <summary>Entries made so far, those no longer kept included.</summary>
    public long Total { get; private set; }

    /// <summary>Oldest entries that are no longer kept.</summary>
    public long Forgotten { get; private set; }

    /// <summary>The entries kept, oldest first. Their octets stay valid until the journal forgets them.</summary>
    public IEnumerable<JournalEntry> Entries
    {
        get
        {
            foreach (var block in _blocks)
            {
                for (var i = 0; i < block.Count; i++)
                {
                    yield return Entry(block, block.Lines[i]);
                }
            }
        }
    }

    /// <summary>The entries of one kind.</summary>
    public IEnumerable<JournalEntry> Of(JournalKind kind) => Entries.Where(entry => entry.Kind == kind);

    internal void Add(long atNs, JournalKind kind, DropReason reason, int node, int channel, SimulatedPacket packet)
    {
        if (Detail == JournalDetail.Off || (Detail == JournalDetail.Ends && kind is JournalKind.Sent or JournalKind.Arrived))
        {
            return;
        }

        Total++;
        var block = _blocks.Last?.Value;
        if (block is null || block.Count == LinesPerBlock)
        {
            block = NextBlock();
        }

        var (chunk, offset) = block.Keep(packet.Octets);
        block.Lines[block.Count++] = new Line(atNs, packet.Id, packet.Cause, node, channel, chunk, offset, packet.Length, kind, reason);
    }

    private JournalEntry Entry(Block block, in Line line) => new()
    {
        AtNs = line.AtNs,
        Kind = line.Kind,
        Reason = line.Reason,
        Node = _network.Nodes[line.Node].Name,
        Link = line.Channel < 0 ? "" : _network.Channels[line.Channel].Name,
        Packet = line.Packet,
        Cause = line.Cause,
        Octets = block.Octets(line),
    };

    private Block NextBlock()
    {
        if (_blocks.Count * LinesPerBlock < _capacity || _blocks.First is not { } oldest)
        {
            var added = new Block();
            _blocks.AddLast(added);
            return added;
        }

        _blocks.RemoveFirst();
        Forgotten += oldest.Value.Count;
        oldest.Value.Clear();
        _blocks.AddLast(oldest);
        return oldest.Value;
    }

    // No references, so that writing one down costs the collector nothing.
    private readonly record struct Line(
        long AtNs, long Packet, long Cause, int Node, int Channel, int Chunk, int Offset, int Length, JournalKind Kind, DropReason Reason);

    private sealed class Block
    {
        private readonly List<byte[]> _chunks = [];
        private int _chunk;
        private int _used;

        public Line[] Lines { get; } = new Line[LinesPerBlock];

        public int Count { get; set; }

        public void Clear() => (Count, _chunk, _used) = (0, 0, 0);

        public ReadOnlyMemory<byte> Octets(in Line line) => _chunks[line.Chunk].AsMemory(line.Offset, line.Length);

        public (int Chunk, int Offset) Keep(ReadOnlySpan<byte> octets)
        {
            if (_chunks.Count > 0 && _used + octets.Length > _chunks[_chunk].Length)
            {
                (_chunk, _used) = (_chunk + 1, 0);
            }

            if (_chunk == _chunks.Count)
            {
                _chunks.Add(new byte[Math.Max(ChunkSize, octets.Length)]);
            }
            else if (_chunks[_chunk].Length < octets.Length)
            {
                _chunks[_chunk] = new byte[octets.Length];
            }

            var at = _used;
            octets.CopyTo(_chunks[_chunk].AsSpan(at));
            _used += octets.Length;
            return (_chunk, at);
        }
    }
}
