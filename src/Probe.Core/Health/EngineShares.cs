using System.Runtime.InteropServices;
using Probe.Core.Packets;
using Probe.Core.Vocabulary;

namespace Probe.Core.Health;

/// <summary>
/// Which of several engines checks which target: one that carries its kind, the same for all that share an address and port, and the least
/// used of them.
/// </summary>
internal sealed class EngineShares
{
    private readonly IReadOnlyList<ICheckEngine> _engines;
    private readonly int[] _sorts;
    private readonly int[] _used;
    private readonly Dictionary<(int Sort, IpAddress Address, ushort? Port), Share> _shares = [];

    public EngineShares(IReadOnlyList<ICheckEngine> engines)
    {
        _engines = engines;
        _used = new int[engines.Count];

        // Engines that carry the same kinds are of one sort, named by the first of them.
        var kinds = engines.Select(KindsOf).ToList();
        _sorts = [.. kinds.Select(kind => kinds.IndexOf(kind))];
    }

    /// <summary>How many sorts of engines there are: those that carry different kinds.</summary>
    public int Sorts => _sorts.Distinct().Count();

    /// <summary>The engine of a target that comes.</summary>
    /// <exception cref="NotSupportedException">None carries its kind.</exception>
    public int Join(CheckTarget target)
    {
        var key = KeyOf(target);
        ref var share = ref CollectionsMarshal.GetValueRefOrAddDefault(_shares, key, out var isKnown);
        if (!isKnown)
        {
            var engine = LeastUsed(key.Sort);
            _used[engine]++;
            share = new Share(engine, 0);
        }

        share = share with { Targets = share.Targets + 1 };
        return share.Engine;
    }

    /// <summary>The engine of a target that is there.</summary>
    public int Of(CheckTarget target) => _shares[KeyOf(target)].Engine;

    /// <summary>The engine of a target that goes.</summary>
    public int Leave(CheckTarget target)
    {
        var key = KeyOf(target);
        var share = _shares[key];
        if (share.Targets > 1)
        {
            _shares[key] = share with { Targets = share.Targets - 1 };
        }
        else
        {
            _shares.Remove(key);
            _used[share.Engine]--;
        }

        return share.Engine;
    }

    private int LeastUsed(int sort)
    {
        var least = -1;
        for (var i = 0; i < _sorts.Length; i++)
        {
            least = _sorts[i] == sort && (least < 0 || _used[i] < _used[least]) ? i : least;
        }

        return least;
    }

    // By address and port, so that the limit of one target is kept by one engine; all of one tunnel's end, as an error about the outer
    // packet may name no more, and only the engine that sent it knows it.
    private (int Sort, IpAddress Address, ushort? Port) KeyOf(CheckTarget target)
    {
        for (var i = 0; i < _engines.Count; i++)
        {
            if (_engines[i].Carries(target.Kind, !target.Via.IsEmpty))
            {
                return (_sorts[i], target.SentTo, target.Via.IsEmpty ? target.Port : null);
            }
        }

        throw new NotSupportedException($"no engine carries {Word.Of(target.Kind)} checks{(target.Via.IsEmpty ? "" : " through tunnels")}");
    }

    private static uint KindsOf(ICheckEngine engine)
    {
        var kinds = 0u;
        foreach (var kind in Enum.GetValues<CheckKind>())
        {
            kinds |= (engine.Carries(kind, tunnelled: false) ? 1u : 0) << (2 * (int)kind);
            kinds |= (engine.Carries(kind, tunnelled: true) ? 2u : 0) << (2 * (int)kind);
        }

        return kinds;
    }

    private readonly record struct Share(int Engine, int Targets);
}
