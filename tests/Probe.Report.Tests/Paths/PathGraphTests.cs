using Probe.Report.Paths;

namespace Probe.Report.Tests.Paths;

public class PathGraphTests
{
    [Fact]
    public void A_diamond_has_its_ten_links_and_no_other() => Assert.Equal(
        [
            "10.0.0.2@0 -> 10.0.0.1@1", "10.0.0.1@1 -> 10.0.1.1@2", "10.0.0.1@1 -> 10.0.2.1@2", "10.0.0.1@1 -> 10.0.3.1@2", "10.0.0.1@1 -> 10.0.4.1@2",
            "10.0.1.1@2 -> 10.0.9.1@3", "10.0.2.1@2 -> 10.0.9.1@3", "10.0.3.1@2 -> 10.0.9.1@3", "10.0.4.1@2 -> 10.0.9.1@3", "10.0.9.1@3 -> 203.0.113.9@4",
        ],
        Edges(PathGraph.Of(PathSamples.Diamond())));

    [Fact]
    public void Paths_of_different_length_meet_the_target_at_their_own_ttl()
    {
        var graph = PathGraph.Of(PathSamples.Unequal());

        Assert.Equal([3, 4, 6], graph.Nodes.Where(node => node.Kind == PathNodeKind.Target).Select(node => node.Ttl));
        Assert.All(graph.Edges, edge => Assert.True(edge.Proved));
        Assert.DoesNotContain(graph.Edges, edge => graph[edge.From].Kind == PathNodeKind.Target);
    }

    [Fact]
    public void A_silent_hop_stands_once_behind_each_predecessor()
    {
        var graph = PathGraph.Of(PathSamples.Silent());

        Assert.Equal(
            [
                "10.0.0.2@0 -> 10.0.0.1@1", "10.0.0.1@1 -> 10.1.0.1@2", "10.0.0.1@1 -> 10.2.0.1@2", "10.0.0.1@1 -> 10.3.0.1@2", "10.1.0.1@2 .. *6@3",
                "10.2.0.1@2 .. *7@3", "10.3.0.1@2 .. *8@3", "*6@3 .. 10.9.0.1@4", "*7@3 .. *10@4", "10.9.0.1@4 -> 203.0.113.9@5", "*10@4 .. 203.0.113.9@5",
            ],
            Edges(graph));
        Assert.Equal(8, Assert.Single(graph.Nodes, node => node.Ends).Id);
    }

    [Fact]
    public void Silence_is_loss_only_where_nobody_answers_behind_it()
    {
        var graph = PathGraph.Of(PathSamples.Silent());

        Assert.Null(graph[6].Loss);
        Assert.Null(graph[7].Loss);
        Assert.Equal(1, graph[8].Loss);
        Assert.Equal(1, Assert.Single(graph.Edges, edge => edge.To == 8).Loss);
        Assert.Equal(0, Assert.Single(graph.Edges, edge => edge.To == 5).Loss);
    }

    [Fact]
    public void A_silent_end_is_one_node_that_says_how_far_it_goes()
    {
        var graph = PathGraph.Of(PathSamples.Of("10.0.0.1 10.0.0.5 * * * *"));

        var end = Assert.Single(graph.Nodes, node => node.Kind == PathNodeKind.Silent);
        Assert.Equal((3, 6, true), (end.Ttl, end.LastTtl, end.Ends));
    }

    [Fact]
    public void What_packets_of_one_flow_met_side_by_side_is_no_proof_of_a_link()
    {
        var graph = PathGraph.Of(PathSamples.PerPacket());

        Assert.True(graph[2].BalancesPerPacket);
        Assert.Equal(
            [
                "10.0.0.2@0 -> 10.0.0.1@1", "10.0.0.1@1 .. 10.1.0.1@2", "10.0.0.1@1 .. 10.1.0.2@2", "10.0.0.1@1 .. 10.1.0.3@2",
                "10.1.0.1@2 .. 10.2.0.1@3", "10.1.0.2@2 .. 10.2.0.1@3", "10.1.0.3@2 .. 10.2.0.1@3", "10.2.0.1@3 -> 203.0.113.9@4",
            ],
            Edges(graph));
    }

    [Fact]
    public void A_rate_limit_at_the_far_end_of_a_link_is_no_loss_of_the_link()
    {
        var trace = PathSamples.Of("10.0.0.1 10.0.0.5 203.0.113.9");
        trace = trace with
        {
            Hops = [trace.Hops[0], trace.Hops[1] with { Received = 2, Loss = 0, RateLimited = 0.8, Nodes = [trace.Hops[1].Nodes[0] with { Received = 2 }] }, trace.Hops[2]],
            Links = [trace.Links[0] with { Received = 2, Loss = 0.8 }, trace.Links[1]],
        };

        Assert.All(PathGraph.Of(trace).Edges, edge => Assert.Equal(0, edge.Loss));
    }

    [Fact]
    public void A_trace_that_saw_nothing_is_the_source_alone()
    {
        var trace = PathSamples.Of("203.0.113.9") with { Hops = [], Links = [], Reached = false, ReachedTtl = null };

        Assert.Equal(PathNodeKind.Source, Assert.Single(PathGraph.Of(trace).Nodes).Kind);
    }

    private static IEnumerable<string> Edges(PathGraph graph) =>
        graph.Edges.Select(edge => $"{Name(graph[edge.From])} {(edge.Proved ? "->" : "..")} {Name(graph[edge.To])}");

    private static string Name(PathNode node) => $"{node.Address ?? $"*{node.Id}"}@{node.Ttl}";
}
