namespace Probe.Core.Tracing;

/// <summary>
/// MDA-Lite (Vermeulen et al., IMC 2018): flows are used again hop by hop without node control, and the stopping rule is held against a
/// hop's nodes together. That is enough where all nodes of a hop are alike, which <see cref="IsIrregular"/> tests as it goes: no meshing,
/// no hop of unequal widths behind its nodes, nothing silent beside what answers, no balancing per packet, one distance to the target.
/// </summary>
/// <param name="state">The observations.</param>
/// <param name="graph">What they make.</param>
/// <param name="rule">When a hop is done.</param>
/// <param name="stricter">When one is done whose nodes look unlike: mostly one of them has only not shown itself yet.</param>
/// <param name="addFlow">Makes a flow and returns its index; −1 when there are no more.</param>
internal sealed class MdaLitePlan(TraceState state, MultipathGraph graph, StoppingRule rule, StoppingRule stricter, Func<int> addFlow)
    : MultipathPlan(state, graph, rule, addFlow)
{
    /// <summary>The nodes of some hop are not alike, or cannot be told apart: only the full algorithm will do.</summary>
    public bool IsIrregular()
    {
        var settled = true;
        for (var i = 0; i + 1 < Graph.Levels.Count; i++)
        {
            var (level, next) = (Graph.Levels[i], Graph.Levels[i + 1]);
            settled &= next.Pending == 0 && MissingAt(level, next, silentHops: 0) <= 0;
            if (next.HasClump || level.Vertices.Exists(vertex => vertex.PerPacket)
                || (next.Answered > 0 && next.Silent > 0)
                || (next.Ended > 0 && next.Vertices.Count > 0)
                || IsMeshed(level, next)
                || (settled && IsUneven(level, next)))
            {
                return true;
            }
        }

        return false;
    }

    private protected override void Complete(Level level, int silentHops)
    {
        var ttl = level.Ttl + 1;
        var next = Graph.Levels.FirstOrDefault(other => other.Ttl == ttl) ?? new Level(ttl);
        var planned = 0;
        foreach (var vertex in level.Vertices)
        {
            if (vertex.Answered + vertex.Silent + vertex.Pending == 0)
            {
                planned += WantSome(vertex, ttl, 1);
            }
        }

        var missing = MissingAt(level, next, silentHops);
        Missing[ttl] += Math.Max(0, missing);
        if (missing > 0)
        {
            Fill(level, ttl, missing - next.Pending - planned);
            return;
        }

        if (next.Pending > 0)
        {
            return;
        }

        if (level.Vertices.Count > 1 && next.Vertices.Count > 1)
        {
            TestForMeshing(level, next);
        }

        // Its nodes are taken to be alike, so a balancer among them shows at any of them.
        var flows = level.Vertices.Where(vertex => vertex.NextAddresses.Count > 1).SelectMany(vertex => vertex.Flows).ToList();
        if (flows.Count > 0)
        {
            Repeat(flows, ttl, level.Vertices.Max(vertex => vertex.NextAddresses.Count), next.Repeats);
        }
    }

    private int MissingAt(Level level, Level next, int silentHops)
    {
        if (next.Answered == 0)
        {
            return (silentHops > MostSilentHopsSearched ? 1 : Rule.FlowsFor(1)) - next.Silent;
        }

        var missing = Rule.FlowsFor(next.Addresses.Count) - next.Answered;
        return missing <= 0 && IsUneven(level, next) ? stricter.FlowsFor(next.Addresses.Count) - next.Answered : missing;
    }

    /// <summary>Wants so many of a vertex's flows at the next TTL; returns how many there were.</summary>
    private int WantSome(Vertex vertex, int ttl, int count)
    {
        var wanted = 0;
        foreach (var flow in vertex.Flows)
        {
            if (wanted == count)
            {
                break;
            }

            wanted += IsFresh(flow, ttl) && Want(flow, ttl) ? 1 : 0;
        }

        return wanted;
    }

    /// <summary>Wants so many flows more at a TTL: those shown at the TTL before first, any other next.</summary>
    private void Fill(Level level, int ttl, int count)
    {
        for (var shown = 1; shown >= 0; shown--)
        {
            for (var flow = 0; flow < State.Flows.Count && count > 0; flow++)
            {
                if ((State.Find(flow, level.Ttl) is not null) == (shown == 1) && IsFresh(flow, ttl) && Want(flow, ttl))
                {
                    count--;
                }
            }
        }

        for (; count > 0 && AddFlow() is >= 0 and var added; count--)
        {
            Want(added, ttl);
        }
    }

    /// <summary>
    /// The wider of two hops is tested, at each of its nodes with so many flows that a mesh of all of them shows, at the risk the rule
    /// allows:
    /// one with two links each hides from n flows a node with a chance of 2^−(n−1) a node.
    /// </summary>
    private void TestForMeshing(Level level, Level next)
    {
        var forward = level.Vertices.Count >= next.Vertices.Count;
        var width = forward ? level.Vertices.Count : next.Vertices.Count;
        var needed = Math.Max(2, 1 + (int)Math.Ceiling(Math.Log(1 / Rule.Risk) / (width * Math.Log(2))));
        var lacking = 0;
        foreach (var vertex in (forward ? level : next).Vertices)
        {
            var have = forward
                ? vertex.Answered + vertex.Silent + vertex.Pending : vertex.Flows.Count(flow => State.Find(flow, level.Ttl) is not null);
            if (have >= needed)
            {
                continue;
            }

            Missing[forward ? next.Ttl : level.Ttl] += needed - have;
            lacking += needed - have - (forward ? WantSome(vertex, next.Ttl, needed - have) : WantSome(vertex, level.Ttl, needed - have));
        }

        if (lacking > 0)
        {
            // Node control: flows that come to a node must first be found.
            var found = forward ? level : next;
            var before = Graph.Levels.First(other => other.Ttl == found.Ttl - 1);
            Fill(before, found.Ttl, Math.Max(1, lacking * width / 2) - found.Pending);
        }
    }

    private static bool IsMeshed(Level level, Level next) =>
        level.Vertices.Count > 1 && next.Vertices.Count > 1
        && ((level.Vertices.Count >= next.Vertices.Count && level.Vertices.Exists(vertex => vertex.Next.Count > 1))
            || (level.Vertices.Count <= next.Vertices.Count && next.Vertices.Exists(vertex => vertex.Before.Count > 1)));

    /// <summary>The nodes of a hop have unequal numbers of next hops, or of hops before them.</summary>
    private static bool IsUneven(Level level, Level next)
    {
        if (level.Vertices.Count < 2 || next.Vertices.Count < 2)
        {
            return false;
        }

        return level.Vertices.Exists(vertex => vertex.Next.Count > 0 && vertex.Next.Count != level.Vertices.Max(other => other.Next.Count))
            || next.Vertices.Exists(vertex =>
                vertex.Before.Count > 0 && vertex.Before.Count != next.Vertices.Max(other => other.Before.Count));
    }
}
