using Probe.Core.Packets;

namespace Probe.Core.Health;

/// <summary>What the last check of each target said about this host's routes: it got through, or there was none.</summary>
internal sealed class RouteWitnesses(IReadOnlyList<CheckTarget> targets)
{
    private readonly List<RouteWitness> _said = [];

    /// <summary>Notes what a target's check said.</summary>
    public void Note(int target, RouteWitness witness)
    {
        while (target >= _said.Count)
        {
            // Targets may come while others are checked.
            _said.Add(RouteWitness.Nothing);
        }

        _said[target] = witness;
    }

    /// <summary>
    /// Sums them up for one family. Somebody got through when his route still stands: he may have been checked before the routes went.
    /// An address of this host proves nothing about routes, and a second port of an address is no second witness.
    /// </summary>
    public RouteTestimony Hear(bool v6, ICheckHost host)
    {
        var (through, alike) = (default(TwoAddresses), default(TwoAddresses));
        for (var i = 0; i < _said.Count; i++)
        {
            var address = targets[i].SentTo;
            if (address.IsV6 != v6)
            {
                continue;
            }

            if (_said[i] == RouteWitness.NoRoute)
            {
                alike.Add(address);
            }
            else if (_said[i] == RouteWitness.Through && !through.Both && !through.Has(address) && host.WayTo(address) is { Exists: true, IsOwn: false })
            {
                through.Add(address);
            }
        }

        return new RouteTestimony(through, alike);
    }
}

/// <summary>What a check said about routes.</summary>
internal enum RouteWitness : byte
{
    /// <summary>Nothing: no check yet, a timeout, a fault of this host.</summary>
    Nothing,

    /// <summary>Something came back from outside.</summary>
    Through,

    /// <summary>There was no route.</summary>
    NoRoute,
}

/// <summary>The witnesses of one family.</summary>
/// <param name="Through">Who gets through.</param>
/// <param name="Alike">Who has no route.</param>
internal readonly record struct RouteTestimony(TwoAddresses Through, TwoAddresses Alike);

/// <summary>Up to two different addresses: enough to know whether there is another than a given one.</summary>
internal record struct TwoAddresses
{
    private IpAddress _first;
    private IpAddress _second;

    /// <summary>There are two.</summary>
    public readonly bool Both => !_second.IsNone;

    /// <summary>It is one of them.</summary>
    public readonly bool Has(IpAddress address) => _first == address || _second == address;

    /// <summary>There is one besides this.</summary>
    public readonly bool HasOther(IpAddress than) => Both || (!_first.IsNone && _first != than);

    /// <summary>Adds one, unless it is known or two are.</summary>
    public void Add(IpAddress address)
    {
        if (_first.IsNone)
        {
            _first = address;
        }
        else if (_first != address && _second.IsNone)
        {
            _second = address;
        }
    }
}
