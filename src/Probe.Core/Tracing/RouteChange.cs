using Probe.Core.Packets;

namespace Probe.Core.Tracing;

/// <summary>A change of route behind one node, seen by one flow or more.</summary>
/// <param name="Ttl">The first TTL at which another address answers.</param>
/// <param name="AfterNs">The old way was still taken by a probe sent then, nanoseconds of the run's clock.</param>
/// <param name="BeforeNs">The new way was taken by a probe sent then.</param>
/// <param name="From">The addresses that answered until then.</param>
/// <param name="To">The addresses that answered from then on.</param>
/// <param name="Flows">Indices of the flows that moved.</param>
internal sealed record RouteChange(int Ttl, long AfterNs, long BeforeNs, IReadOnlyList<IpAddress> From, IReadOnlyList<IpAddress> To,
    IReadOnlyList<int> Flows);

/// <summary>What the switches of flows behind one node mean.</summary>
internal enum SwitchCause
{
    /// <summary>Too few answers to tell.</summary>
    Unknown,

    /// <summary>Every probe is sent its own way.</summary>
    PerPacket,

    /// <summary>Few instants explain all switches of all flows.</summary>
    RouteChange,
}

/// <summary>
/// Tells a change of route from balancing per packet: a change happens at one instant for all flows and all TTLs behind it, and between
/// changes each flow keeps to its way. A balancer that throws a coin for each packet would look like that too, once in a while; how seldom
/// is counted.
/// </summary>
internal sealed class SwitchReading
{
    // Odds of 1 in 20 that a coin would have looked like a change.
    private static readonly double BitsNeeded = Math.Log2(20);

    private readonly IReadOnlyList<(int Flow, FlowHop Hop)> _cells;
    private readonly List<(long AfterNs, long BeforeNs)> _instants = [];

    /// <param name="cells">The flows of one node at the next TTL, at least one of which switched.</param>
    /// <param name="behind">The same flows at each later TTL, in order; they count as far as the same instants explain them.</param>
    public SwitchReading(IReadOnlyList<(int Flow, FlowHop Hop)> cells, IEnumerable<IReadOnlyList<FlowHop>> behind)
    {
        _cells = cells;
        Cause = cells.Any(cell => cell.Hop.Runs is { TooMany: true }) ? SwitchCause.PerPacket : Judge(behind);
    }

    /// <summary>What it is.</summary>
    public SwitchCause Cause { get; }

    /// <summary>The changes, in order.</summary>
    public IEnumerable<RouteChange> Changes(int ttl) => _instants.Select(instant =>
    {
        var moved = _cells.Select(cell => (cell.Flow, At: SwitchAt(cell.Hop, instant))).Where(cell => cell.At > 0).ToArray();
        var runs = moved.Select(cell => (Old: RunsOf(cell.Flow)[cell.At - 1].From, New: RunsOf(cell.Flow)[cell.At].From)).ToArray();
        return new RouteChange(
            ttl, instant.AfterNs, instant.BeforeNs,
            [.. runs.Select(run => run.Old).Distinct().Order()], [.. runs.Select(run => run.New).Distinct().Order()],
            [.. moved.Select(cell => cell.Flow)]);

        IReadOnlyList<AnswerRun> RunsOf(int flow) => _cells.First(cell => cell.Flow == flow).Hop.Runs!.Runs;
    });

    private SwitchCause Judge(IEnumerable<IReadOnlyList<FlowHop>> behind)
    {
        FindInstants();
        var answers = _cells.Sum(cell => cell.Hop.Received);
        var isOneWay = IsOneWayAtATime();
        var bits = Bits(_cells.Select(cell => cell.Hop));
        if (isOneWay)
        {
            // No other flow went elsewhere meanwhile: then every answer beyond the first of each stretch counts.
            bits = Math.Max(bits, answers - (_instants.Count + 1));
        }

        var isConfirmed = EveryStretchIsSeenTwice();
        foreach (var hops in behind)
        {
            if (!hops.All(IsExplained))
            {
                break;
            }

            bits += Bits(hops);
            isConfirmed = true;
        }

        // The instants were chosen to fit, among as many as there are answers.
        var cost = _instants.Count * Math.Log2(Math.Max(2, answers));
        return bits - cost >= BitsNeeded && isConfirmed ? SwitchCause.RouteChange
            : isOneWay && _instants.Count == 1 ? SwitchCause.Unknown : SwitchCause.PerPacket;
    }

    private double Bits(IEnumerable<FlowHop> hops) => hops.Sum(hop => Math.Max(0, hop.Received - 1 - _instants.Count));

    /// <summary>The fewest instants such that each switch of each flow happened at one of them.</summary>
    private void FindInstants()
    {
        foreach (var window in _cells.SelectMany(cell => WindowsOf(cell.Hop)).OrderBy(window => window.BeforeNs))
        {
            if (_instants.Count > 0 && window.AfterNs < _instants[^1].BeforeNs)
            {
                _instants[^1] = (Math.Max(_instants[^1].AfterNs, window.AfterNs), _instants[^1].BeforeNs);
            }
            else
            {
                _instants.Add(window);
            }
        }
    }

    private static IEnumerable<(long AfterNs, long BeforeNs)> WindowsOf(FlowHop hop)
    {
        for (var i = 1; i < hop.Runs?.Runs.Count; i++)
        {
            yield return (hop.Runs.Runs[i - 1].LastSentNs, hop.Runs.Runs[i].FirstSentNs);
        }
    }

    private bool IsExplained(FlowHop hop) => hop.Runs is not { TooMany: true }
        && WindowsOf(hop)
            .All(window => _instants.Exists(instant => window.AfterNs < instant.BeforeNs && instant.AfterNs < window.BeforeNs));

    private static int SwitchAt(FlowHop hop, (long AfterNs, long BeforeNs) instant)
    {
        for (var i = 1; i < hop.Runs?.Runs.Count; i++)
        {
            if (hop.Runs.Runs[i - 1].LastSentNs < instant.BeforeNs && instant.AfterNs < hop.Runs.Runs[i].FirstSentNs)
            {
                return i;
            }
        }

        return 0;
    }

    private static IEnumerable<AnswerRun> StretchesOf(FlowHop hop) =>
        hop.Runs?.Runs ?? hop.Nodes.Select(node => new AnswerRun(node.Address, node.FirstSentNs, node.LastSentNs));

    /// <summary>The stretches between the instants, as those of the answers that fall into each.</summary>
    private IEnumerable<IEnumerable<AnswerRun>> BetweenInstants() => Enumerable.Range(0, _instants.Count + 1).Select(i =>
        _cells.SelectMany(cell => StretchesOf(cell.Hop)).Where(run =>
            (i == 0 || run.LastSentNs >= _instants[i - 1].BeforeNs) && (i == _instants.Count || run.FirstSentNs <= _instants[i].AfterNs)));

    private bool IsOneWayAtATime() => BetweenInstants().All(runs => runs.Select(run => run.From).Distinct().Count() <= 1);

    // One odd answer is no route.
    private bool EveryStretchIsSeenTwice() => BetweenInstants().All(runs => runs.Sum(run => run.LastSentNs > run.FirstSentNs ? 2 : 1) >= 2);
}
