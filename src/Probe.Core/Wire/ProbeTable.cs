using System.Runtime.CompilerServices;
using Probe.Core.Probing;
using Probe.Core.Vocabulary;

namespace Probe.Core.Wire;

/// <summary>
/// The probes that may still be answered, by number. They stand in pages, so that a run of tens of thousands of probes a second takes
/// little more memory than what is under way; a page is used again when none of its probes is younger than the time to keep.
/// </summary>
internal sealed class ProbeTable : ProbesUnderWay
{
    private const int PageBits = 10;
    private const int PageSize = 1 << PageBits;

    private readonly long _keepNs;
    private Page?[] _pages = new Page?[8];
    private int _firstPage;
    private int _lastPage = -1;
    private int _newest;

    /// <param name="keepNs">A probe is remembered at least this long, nanoseconds.</param>
    public ProbeTable(long keepNs) => _keepNs = keepNs;

    /// <inheritdoc/>
    public override int Newest => _newest;

    /// <summary>Remembers a probe that is about to be sent. Numbers come in rising order.</summary>
    public ref Entry Add(in ProbePacket packet, long nowNs)
    {
        var number = packet.Number >> PageBits;
        if (number != _lastPage)
        {
            Open(number, nowNs);
        }

        _newest = packet.Number;
        var page = PlaceOf(number)!;
        page.NewestNs = nowNs;
        ref var entry = ref page.Entries[packet.Number & (PageSize - 1)];
        entry = new Entry { Packet = packet, SentNs = nowNs, SentStamp = StampSource.User };
        return ref entry;
    }

    /// <summary>The entry of a number, or a null reference when it was never added or is forgotten.</summary>
    public ref Entry Find(int number)
    {
        if (number > 0 && number <= Newest)
        {
            var at = number >> PageBits;
            if (at >= _firstPage && at <= _lastPage && PlaceOf(at) is { } page)
            {
                ref var entry = ref page.Entries[number & (PageSize - 1)];
                if (entry.Packet.Number == number)
                {
                    return ref entry;
                }
            }
        }

        return ref Unsafe.NullRef<Entry>();
    }

    /// <inheritdoc/>
    public override ref readonly ProbePacket Probe(int number)
    {
        ref var entry = ref Find(number);
        if (Unsafe.IsNullRef(ref entry))
        {
            return ref Unsafe.NullRef<ProbePacket>();
        }

        return ref entry.Packet;
    }

    /// <inheritdoc/>
    public override bool IsAnswered(int number) => Find(number) is { Answered: true };

    /// <summary>Notes when the kernel says that a probe left; nothing for one that is forgotten.</summary>
    public void Left(int number, long atNs)
    {
        ref var entry = ref Find(number);
        if (!Unsafe.IsNullRef(ref entry))
        {
            entry.SentNs = atNs;
            entry.SentStamp = StampSource.Kernel;
        }
    }

    /// <inheritdoc/>
    public override int FirstWithResidue(int residue)
    {
        if (residue < 0)
        {
            return 0;
        }

        var back = (Newest - residue) % ProbeCookies.TagCycle;
        return Math.Max(0, Newest - (back < 0 ? back + ProbeCookies.TagCycle : back));
    }

    /// <inheritdoc/>
    public override int NextWithResidue(int number) => number - ProbeCookies.TagCycle;

    private ref Page? PlaceOf(int page) => ref _pages[page & (_pages.Length - 1)];

    /// <summary>Makes room for the probes of a page after the last one; pages in between stay empty.</summary>
    private void Open(int page, long nowNs)
    {
        Page? old = null;
        for (; _firstPage <= _lastPage && (PlaceOf(_firstPage) is not { } first || nowNs - first.NewestNs >= _keepNs); _firstPage++)
        {
            old = PlaceOf(_firstPage) ?? old;
            PlaceOf(_firstPage) = null;
        }

        if (_firstPage > _lastPage)
        {
            _firstPage = page;
        }

        _lastPage = page;
        while (_lastPage - _firstPage >= _pages.Length)
        {
            Grow();
        }

        if (old is not null)
        {
            Array.Clear(old.Entries);
        }

        PlaceOf(page) = old ?? new Page();
    }

    private void Grow()
    {
        var old = _pages;
        _pages = new Page?[old.Length * 2];
        for (var page = _firstPage; page < _lastPage && page - _firstPage < old.Length; page++)
        {
            PlaceOf(page) = old[page & (old.Length - 1)];
        }
    }

    /// <summary>Consecutive numbers.</summary>
    private sealed class Page
    {
        public readonly Entry[] Entries = new Entry[PageSize];

        public long NewestNs;
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
