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

    // Engines that carry the same kinds are of one sort, named by the first of them.
    private readonly int[] _sorts;
    private readonly int[] _used;
    private readonly int _targets;
    private Dictionary<(int Sort, IpAddress Address, ushort? Port), Share>? _shares;

    /// <param name="engines">All of them.</param>
    /// <param name="targets">About so many targets will come.</param>
    public EngineShares(IReadOnlyList<ICheckEngine> engines, int targets)
    {
        (_engines, _targets) = (engines, targets);
        (_sorts, _used) = (new int[engines.Count], new int[engines.Count]);
        for (var i = 0; i < engines.Count; i++)
        {
            var sort = 0;
            while (sort < i && !CarryAlike(engines[sort], engines[i]))
            {
                sort++;
            }

            _sorts[i] = sort;
            Sorts += sort == i ? 1 : 0;
        }
    }

    /// <summary>How many sorts of engines there are: those that carry different kinds.</summary>
    public int Sorts { get; }

    /// <summary>The engine of a target that comes.</summary>
    /// <exception cref="NotSupportedException">None carries its kind.</exception>
    public int Join(CheckTarget target)
    {
        var sort = SortOf(target);
        if (IsAlone(sort))
        {
            return sort;
        }

        _shares ??= new(_targets);
        ref var share = ref CollectionsMarshal.GetValueRefOrAddDefault(_shares, KeyOf(target, sort), out var isKnown);
        if (!isKnown)
        {
            share.Engine = LeastUsed(sort);
            _used[share.Engine]++;
        }

        share.Targets++;
        return share.Engine;
    }

    /// <summary>The engine of a target that is there.</summary>
    public int Of(CheckTarget target) => SortOf(target) is var sort && IsAlone(sort) ? sort : _shares![KeyOf(target, sort)].Engine;

    /// <summary>The engine of a target that goes.</summary>
    public int Leave(CheckTarget target)
    {
        var sort = SortOf(target);
        if (IsAlone(sort))
        {
            return sort;
        }

        var key = KeyOf(target, sort);
        ref var share = ref CollectionsMarshal.GetValueRefOrNullRef(_shares!, key);
        var engine = share.Engine;
        if (--share.Targets == 0)
        {
            _shares!.Remove(key);
            _used[engine]--;
        }

        return engine;
    }

    private int SortOf(CheckTarget target)
    {
        for (var i = 0; i < _engines.Count; i++)
        {
            if (_engines[i].Carries(target.Kind, !target.Via.IsEmpty))
            {
                return _sorts[i];
            }
        }

        throw new NotSupportedException($"no engine carries {Word.Of(target.Kind)} checks{(target.Via.IsEmpty ? "" : " through tunnels")}");
    }

    /// <summary>One engine alone is of the sort: nothing is to be shared.</summary>
    private bool IsAlone(int sort) => Array.LastIndexOf(_sorts, sort) == sort;

    private int LeastUsed(int sort)
    {
        var least = sort;
        for (var i = sort + 1; i < _sorts.Length; i++)
        {
            least = _sorts[i] == sort && _used[i] < _used[least] ? i : least;
        }

        return least;
    }

    // By address and port, so that the limit of one target is kept by one engine; all of one tunnel's end, as an error about the outer
    // packet may name no more, and only the engine that sent it knows it.
    private static (int Sort, IpAddress Address, ushort? Port) KeyOf(CheckTarget target, int sort) =>
        (sort, target.SentTo, target.Via.IsEmpty ? target.Port : null);

    private static bool CarryAlike(ICheckEngine one, ICheckEngine other) => Array.TrueForAll(Enum.GetValues<CheckKind>(), kind =>
        one.Carries(kind, tunnelled: false) == other.Carries(kind, tunnelled: false)
            && one.Carries(kind, tunnelled: true) == other.Carries(kind, tunnelled: true));

    private struct Share
    {
        public int Engine;
        public int Targets;
    }
}
