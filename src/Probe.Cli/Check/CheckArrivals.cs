using Probe.Cli.Names;
using Probe.Core.Health;

namespace Probe.Cli.Check;

/// <summary>Targets that join a run as their names resolve, so that no slow resolver keeps the others waiting.</summary>
internal sealed class CheckArrivals
{
    private readonly ManyNames _names;
    private readonly CheckLoops _loops;
    private readonly VerdictJudge _judge;
    private readonly Func<NameAnswer, List<CheckTarget>> _place;
    private bool _open;

    /// <param name="names">The names that are being resolved.</param>
    /// <param name="loops">Checks what comes.</param>
    /// <param name="judge">Judges it.</param>
    /// <param name="place">What an answer makes of the targets with that name; those to be checked stand in the judge's list then.</param>
    public CheckArrivals(ManyNames names, CheckLoops loops, VerdictJudge judge, Func<NameAnswer, List<CheckTarget>> place)
    {
        (_names, _loops, _judge, _place, _open) = (names, loops, judge, place, names.Left > 0);
        if (_open)
        {
            judge.ExpectMore();
            names.WakeBy(loops.Wake);
        }
    }

    /// <summary>Names whose answer has not come.</summary>
    public int Left => _names.Left;

    /// <summary>Lets those join that are there.</summary>
    public void Take()
    {
        while (_open && _names.TryTake(out var answer))
        {
            _place(answer).ForEach(_loops.Add);
        }

        if (_open && _names.Left == 0)
        {
            _open = false;
            _loops.Complete();
            _judge.Complete();
        }
    }
}
