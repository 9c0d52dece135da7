using System.Collections;

namespace Probe.Core.Health;

/// <summary>
/// The targets of a run by their index. They come and go while it runs; the index of one that went is given to another as soon as nothing
/// of the old one is under way. Belongs to the thread that takes the outcomes.
/// </summary>
public sealed class TargetTable : IEnumerable<CheckTarget>
{
    private readonly List<CheckTarget?> _targets = [];
    private readonly Dictionary<int, CheckTarget> _leaving = [];
    private readonly Stack<int> _free = [];

    /// <summary>Makes a table with these in it.</summary>
    public TargetTable(params IEnumerable<CheckTarget> targets)
    {
        ArgumentNullException.ThrowIfNull(targets);
        foreach (var target in targets)
        {
            Add(target);
        }
    }

    /// <summary>Targets in it, without those that are leaving.</summary>
    public int Count { get; private set; }

    /// <summary>Every index is below this.</summary>
    public int Places => _targets.Count;

    /// <summary>The target of an index, also while it is leaving.</summary>
    /// <exception cref="KeyNotFoundException">The index is free.</exception>
    public CheckTarget this[int index] => _targets[index] ?? _leaving[index];

    /// <summary>There is a target with this index, and it stays.</summary>
    public bool Has(int index) => index < _targets.Count && _targets[index] is not null;

    /// <summary>Gives a target its index; the next one as long as none has left.</summary>
    /// <returns>The target with its index.</returns>
    public CheckTarget Add(CheckTarget target)
    {
        ArgumentNullException.ThrowIfNull(target);
        if (!_free.TryPop(out var index))
        {
            index = _targets.Count;
            _targets.Add(null);
        }

        Count++;
        target = target.Index == index ? target : target with { Index = index };
        _targets[index] = target;
        return target;
    }

    /// <summary>Puts another in the place of the target with its index: the same check with, say, another interval.</summary>
    public void Replace(CheckTarget target)
    {
        ArgumentNullException.ThrowIfNull(target);
        ArgumentOutOfRangeException.ThrowIfEqual(Has(target.Index), false, nameof(target));
        _targets[target.Index] = target;
    }

    /// <summary>A target leaves: its outcomes count no more.</summary>
    public void Leave(int index)
    {
        ArgumentOutOfRangeException.ThrowIfEqual(Has(index), false, nameof(index));
        _leaving.Add(index, _targets[index]!);
        _targets[index] = null;
        Count--;
    }

    /// <summary>Nothing is under way of a target that is leaving: its index is free.</summary>
    public void Release(int index)
    {
        _leaving.Remove(index);
        _free.Push(index);
    }

    /// <inheritdoc/>
    public IEnumerator<CheckTarget> GetEnumerator()
    {
        foreach (var target in _targets)
        {
            if (target is not null)
            {
                yield return target;
            }
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
