using Probe.Core.Packets;

namespace Probe.Core.Tracing;

/// <summary>What became of one of the newest probes to a TTL.</summary>
/// <param name="Flow">Id of its flow.</param>
/// <param name="From">Who answered first; no address when nobody did in time.</param>
/// <param name="RttNs">Round-trip time, nanoseconds; null when it was not answered or could not be measured.</param>
public readonly record struct RecentProbe(int Flow, IpAddress From, long? RttNs)
{
    /// <summary>Nobody answered in time.</summary>
    public bool IsUnanswered => From.IsNone;
}

/// <summary>The newest probes to one TTL in a ring, in order of sending, whenever the answers came.</summary>
internal sealed class RecentProbes(int capacity)
{
    private readonly Entry[] _ring = new Entry[capacity];
    private long _added;

    /// <summary>A probe is under way.</summary>
    public void Sent(int number, int flow) => _ring[Place(_added++)] = new Entry(number, flow, default, RttNs: null, IsOver: false);

    /// <summary>Its first answer came, or its time to be answered is over.</summary>
    public void Over(int number, IpAddress from, long? rttNs)
    {
        if (Find(number) is var place and >= 0)
        {
            _ring[place] = _ring[place] with { From = from, RttNs = rttNs, IsOver = true };
        }
    }

    /// <summary>It never left.</summary>
    public void TakeBack(int number)
    {
        // Its place stays and is never over, so nobody sees it.
        if (Find(number) is var place and >= 0)
        {
            _ring[place] = default;
        }
    }

    /// <summary>Those that were answered or given up, oldest first.</summary>
    /// <param name="idOf">The id of a flow with this index.</param>
    /// <param name="onlyFlow">Index of the one flow that is wanted; null for all.</param>
    public RecentProbe[] Read(Func<int, int> idOf, int? onlyFlow)
    {
        var read = new List<RecentProbe>((int)Math.Min(_added, capacity));
        for (var i = Math.Max(0, _added - capacity); i < _added; i++)
        {
            if (_ring[Place(i)] is { IsOver: true } entry && (onlyFlow is null || entry.Flow == onlyFlow))
            {
                read.Add(new RecentProbe(idOf(entry.Flow), entry.From, entry.RttNs));
            }
        }

        return [.. read];
    }

    private int Place(long probe) => (int)(probe % capacity);

    private int Find(int number)
    {
        // Newest first: what is still open was sent just now.
        for (var i = _added - 1; i >= Math.Max(0, _added - capacity); i--)
        {
            if (_ring[Place(i)].Number == number)
            {
                return Place(i);
            }
        }

        return -1;
    }

    private readonly record struct Entry(int Number, int Flow, IpAddress From, long? RttNs, bool IsOver);
}
