namespace Probe.Core.Probing;

/// <summary>
/// The probes that may still be answered, by number, in a ring that grows until no probe younger than the time to keep is overwritten.
/// </summary>
internal sealed class ProbeTable
{
    private readonly long _keepNs;
    private Entry[] _ring;

    /// <param name="keepNs">A probe is remembered at least this long, nanoseconds.</param>
    /// <param name="capacity">Places at the start; a power of two.</param>
    public ProbeTable(long keepNs, int capacity = 1024)
    {
        _keepNs = keepNs;
        _ring = new Entry[capacity];
    }

    /// <summary>The largest number added.</summary>
    public int Newest { get; private set; }

    /// <summary>Remembers a probe that is about to be sent. Numbers come in rising order.</summary>
    public ref Entry Add(in ProbePacket packet, long nowNs)
    {
        while (Place(packet.Number) is { Packet.Number: not 0 } old && nowNs - old.SentNs < _keepNs)
        {
            Grow();
        }

        Newest = packet.Number;
        ref var entry = ref Place(packet.Number);
        entry = new Entry { Packet = packet, SentNs = nowNs, SentStamp = StampSource.User };
        return ref entry;
    }

    /// <summary>The entry of a number, or a null reference when it was never added or is forgotten.</summary>
    public ref Entry Find(int number)
    {
        if (number > 0 && number <= Newest)
        {
            ref var entry = ref Place(number);
            if (entry.Packet.Number == number)
            {
                return ref entry;
            }
        }

        return ref System.Runtime.CompilerServices.Unsafe.NullRef<Entry>();
    }

    /// <summary>Notes when the kernel says that a probe left; nothing for one that is forgotten.</summary>
    public void Left(int number, long atNs)
    {
        ref var entry = ref Find(number);
        if (!System.Runtime.CompilerServices.Unsafe.IsNullRef(ref entry))
        {
            entry.SentNs = atNs;
            entry.SentStamp = StampSource.Kernel;
        }
    }

    /// <summary>The newest number with this residue modulo <see cref="ProbeCookies.TagCycle"/>; 0 when there is none.</summary>
    public int NewestWithResidue(int residue)
    {
        if (residue < 0)
        {
            return 0;
        }

        var back = (Newest - residue) % ProbeCookies.TagCycle;
        return Math.Max(0, Newest - (back < 0 ? back + ProbeCookies.TagCycle : back));
    }

    private ref Entry Place(int number) => ref _ring[number & (_ring.Length - 1)];

    private void Grow()
    {
        var old = _ring;
        _ring = new Entry[old.Length * 2];
        foreach (ref var entry in old.AsSpan())
        {
            if (entry.Packet.Number != 0)
            {
                Place(entry.Packet.Number) = entry;
            }
        }
    }

    /// <summary>One remembered probe.</summary>
    public record struct Entry
    {
        /// <summary>What was sent; number 0 marks an empty place.</summary>
        public ProbePacket Packet;

        /// <summary>When it left, nanoseconds of the run's clock.</summary>
        public long SentNs;

        /// <summary>Source of <see cref="SentNs"/>.</summary>
        public StampSource SentStamp;

        /// <summary>An answer was matched to it.</summary>
        public bool Answered;
    }
}
