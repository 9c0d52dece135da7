namespace Probe.Core.Tracing;

/// <summary>
/// The stopping rule of multipath detection: after how many answered flows a node with k next hops seen has no further one, at a given
/// risk, assuming that it spreads flows evenly.
/// </summary>
/// <remarks>
/// The published table (Paris traceroute's MDA) takes the chance that n flows miss one of k equal next hops,
/// Σ (−1)^(j+1) C(k,j) ((k−j)/k)^n for j = 1…k−1, and the smallest n that brings it to the risk. That leaves out that the search may have
/// stopped earlier, at fewer next hops; from k = 8 on the whole procedure then misses slightly more often than stated.
/// Here the earlier stops are counted, so that the risk holds for the procedure.
/// </remarks>
public sealed class StoppingRule
{
    // _points[k] = flows that rule out k next hops; [0] and [1] are of no use.
    private readonly List<int> _points = [0, 0];

    /// <summary>Makes a rule.</summary>
    /// <param name="risk">Chance to miss a next hop of one node, above 0 and below 1.</param>
    public StoppingRule(double risk)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(risk, 0);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(risk, 1);
        Risk = risk;
    }

    /// <summary>Chance to miss a next hop of one node.</summary>
    public double Risk { get; }

    /// <summary>
    /// How often flows must be sent again, all answered alike, to rule out at a risk that a node with so many next hops picks one anew for
    /// every packet.
    /// </summary>
    public static int RepeatsFor(int nextHops, double risk) =>
        nextHops < 2 ? 0 : (int)Math.Ceiling(Math.Log(1 / risk) / Math.Log(nextHops));

    /// <summary>Answered flows after which a node with this many next hops seen is done.</summary>
    public int FlowsFor(int seen)
    {
        while (_points.Count <= seen + 1)
        {
            _points.Add(NextPoint(_points.Count));
        }

        return _points[seen + 1];
    }

    /// <summary>The chance that this many flows, all answered, missed one of k equal next hops.</summary>
    public static double ChanceToMiss(int nextHops, int flows)
    {
        // Occupancy by recursion: no alternating sums, so no cancellation.
        var seen = new double[nextHops + 1];
        seen[0] = 1;
        for (var flow = 0; flow < flows; flow++)
        {
            Spread(seen, nextHops);
        }

        return 1 - seen[nextHops];
    }

    /// <summary>The smallest share of a node's traffic that this many answered flows would have shown with this confidence.</summary>
    public static double SmallestShareSeen(double risk, int flows) => 1 - Math.Pow(risk, 1.0 / Math.Max(1, flows));

    /// <summary>
    /// The smallest n at which a search among k next hops, with all earlier stops in force, fails no more often than the risk.
    /// </summary>
    private int NextPoint(int nextHops)
    {
        var seen = new double[nextHops + 1];
        seen[0] = 1;
        var failed = 0.0;
        var flows = 0;
        while (true)
        {
            flows++;
            Spread(seen, nextHops);
            for (var stopped = 1; stopped < nextHops - 1; stopped++)
            {
                if (_points[stopped + 1] <= flows)
                {
                    failed += seen[stopped];
                    seen[stopped] = 0;
                }
            }

            // All but the last one seen: stopping now would fail with what stands there.
            if (flows > _points[nextHops - 1] && failed + seen.AsSpan(0, nextHops).ToArray().Sum() <= Risk)
            {
                return flows;
            }
        }
    }

    private static void Spread(double[] seen, int nextHops)
    {
        for (var count = nextHops; count > 0; count--)
        {
            seen[count] = seen[count] * count / nextHops + seen[count - 1] * (nextHops - count + 1) / nextHops;
        }

        seen[0] = 0;
    }
}
