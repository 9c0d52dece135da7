using Probe.Core.Packets;

namespace Probe.Lab.Simulation;

/// <summary>One direction of a link.</summary>
internal sealed class Channel
{
    private readonly LinkQuality _quality;
    private Chance _chance;
    private long _count;
    private long _lastDueNs;

    public Channel(int index, SimulatedNode from, SimulatedNode to, LinkSpec link, LinkQuality quality, LinkEnd far, ulong seed)
    {
        Index = index;
        From = from;
        To = to;
        Link = link;
        _quality = quality;
        _chance = new Chance(seed, (ulong)index + 0x11_0000_0000);
        Name = link.Name.Length > 0 ? link.Name : $"{from.Name}>{to.Name}";
        FarV4 = far.Addresses.FirstOrDefault(address => address.IsV4);
        FarV6 = far.Addresses.FirstOrDefault(address => address.IsV6);
    }

    public int Index { get; }

    public SimulatedNode From { get; }

    public SimulatedNode To { get; }

    public LinkSpec Link { get; }

    public string Name { get; }

    /// <summary>Address of the interface at the far end.</summary>
    public IpAddress FarV4 { get; }

    public IpAddress FarV6 { get; }

    public int Mtu => _quality.Mtu;

    public LinkQuality Quality => _quality;

    /// <summary>
    /// Draws what becomes of the next packet: when it arrives, -1 when it is lost, and when a second copy of it does, -1 for none.
    /// </summary>
    public (long DueNs, long CopyNs) Carry(long nowNs)
    {
        var number = _count++;
        if (_chance.Hits(_quality.Loss) || (!_quality.Lost.IsEmpty && _quality.Lost.Contains(number)))
        {
            return (-1, -1);
        }

        var dueNs = nowNs + _quality.DelayNs;
        if (_quality.JitterNs > 0)
        {
            dueNs += (long)(_chance.NextShare() * _quality.JitterNs);
        }

        // Jitter is a queue that grows and shrinks: nobody overtakes in it.
        dueNs = Math.Max(dueNs, _lastDueNs);
        if (_chance.Hits(_quality.Reorder))
        {
            dueNs += _quality.ReorderNs;
        }
        else
        {
            _lastDueNs = dueNs;
        }

        return (dueNs, _chance.Hits(_quality.Duplicate) ? dueNs : -1);
    }
}
