namespace Probe.Core.Health;

/// <summary>
/// What a new reading of a configuration makes of the targets of a run; by their keys, so that what stays keeps its state.
/// </summary>
/// <param name="Added">New ones; each of several with one key stands for all of them, once.</param>
/// <param name="Removed">Those that go, with their index.</param>
/// <param name="Changed">Those that stay but for their name, pace, timeout or weight, with the index that they have.</param>
public sealed record TargetChanges(IReadOnlyList<CheckTarget> Added, IReadOnlyList<CheckTarget> Removed, IReadOnlyList<CheckTarget> Changed)
{
    /// <summary>Compares.</summary>
    /// <param name="now">The targets of the run; each key once.</param>
    /// <param name="wanted">What the configuration names.</param>
    public static TargetChanges Between(IEnumerable<CheckTarget> now, IEnumerable<CheckTarget> wanted)
    {
        ArgumentNullException.ThrowIfNull(wanted);
        var (added, changed) = (new List<CheckTarget>(), new List<CheckTarget>());
        var left = now.ToDictionary(target => target.Key);
        var seen = new HashSet<CheckKey>();
        foreach (var target in wanted)
        {
            if (!seen.Add(target.Key))
            {
                continue;
            }

            if (!left.Remove(target.Key, out var old))
            {
                added.Add(target);
            }
            else if (!IsAlike(target, old))
            {
                changed.Add(target with { Index = old.Index });
            }
        }

        return new TargetChanges(added, [.. left.Values], changed);
    }

    // Their questions are alike, as their keys are; two readings of one file make two objects of them.
    private static bool IsAlike(CheckTarget one, CheckTarget other) =>
        one with { Index = 0, Question = other.Question, Via = other.Via } == other with { Index = 0 };
}
