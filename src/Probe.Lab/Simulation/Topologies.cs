namespace Probe.Lab.Simulation;

/// <summary>Ready-made networks. The vantage host is <c>h</c>, the target <c>t</c>; both have an address of either family.</summary>
public static class Topologies
{
    /// <summary>Routers r1 … rn in a row, then the target: n + 1 hops.</summary>
    public static Topology Line(int routers, LinkQuality? quality = null, ulong seed = 1)
    {
        var builder = Begin(seed, quality);
        var last = TopologyBuilder.Vantage;
        for (var i = 1; i <= routers; i++)
        {
            builder.Link(last, Router(i));
            last = Router(i);
        }

        return builder.Link(last, TopologyBuilder.Target).Build();
    }

    /// <summary>h – s – (b1 … bw) – m – t: s shares flows among w routers.</summary>
    public static Topology Diamond(int width, FlowFields fields = FlowFields.FiveTuple, Balancing balancing = Balancing.PerFlow,
        ulong seed = 1) =>
        UnequalDiamond([.. Enumerable.Repeat(1, width)], fields, balancing, seed);

    /// <summary>A diamond whose branches have the stated numbers of routers.</summary>
    public static Topology UnequalDiamond(
        int[] lengths, FlowFields fields = FlowFields.FiveTuple, Balancing balancing = Balancing.PerFlow, ulong seed = 1)
    {
        var builder = Begin(seed).Link(TopologyBuilder.Vantage, "s");
        Branch(builder, "s", "m", "b", lengths, route => route with { Fields = fields, Balancing = balancing });
        return builder.Link("m", TopologyBuilder.Target).ToTarget("m", TopologyBuilder.Target).Build();
    }

    /// <summary>A diamond of <paramref name="outer"/> branches, each a diamond of <paramref name="inner"/>.</summary>
    public static Topology Nested(int outer, int inner, FlowFields fields = FlowFields.FiveTuple, ulong seed = 1)
    {
        var builder = Begin(seed).Link(TopologyBuilder.Vantage, "s");
        var firsts = new string[outer];
        for (var i = 0; i < outer; i++)
        {
            firsts[i] = $"s{i + 1}";
            builder.Link("s", firsts[i]);
        }

        builder.ToTarget("s", route => route with { Fields = fields }, firsts);
        for (var i = 0; i < outer; i++)
        {
            Branch(builder, firsts[i], $"m{i + 1}", $"b{i + 1}_", [.. Enumerable.Repeat(1, inner)],
                route => route with { Fields = fields });
            builder.Link($"m{i + 1}", "m").ToTarget($"m{i + 1}", "m");
        }

        return builder.Link("m", TopologyBuilder.Target).ToTarget("m", TopologyBuilder.Target).Build();
    }

    /// <summary>Layers of routers, each joined to every router of the next layer and sharing flows among them.</summary>
    public static Topology Meshed(int width, int depth, FlowFields fields = FlowFields.FiveTuple, ulong seed = 1)
    {
        var builder = Begin(seed).Link(TopologyBuilder.Vantage, "s");
        string[] before = ["s"];
        for (var layer = 1; layer <= depth + 1; layer++)
        {
            string[] next = layer > depth ? ["m"] : [.. Enumerable.Range(1, width).Select(i => $"x{layer}_{i}")];
            foreach (var from in before)
            {
                foreach (var to in next)
                {
                    builder.Link(from, to);
                }

                builder.ToTarget(from, route => route with { Fields = fields }, next);
            }

            before = next;
        }

        return builder.Link("m", TopologyBuilder.Target).ToTarget("m", TopologyBuilder.Target).Build();
    }

    /// <summary>A diamond whose last branch carries less than the others: a member of an ECMP group with a smaller MTU.</summary>
    public static Topology SmallMember(int width, int mtu, FlowFields fields = FlowFields.FiveTuple, ulong seed = 1) =>
        Diamond(width, fields, seed: seed).WithLink("s", $"b{width}", link => link with { Quality = link.Quality with { Mtu = mtu } });

    internal static TopologyBuilder Begin(ulong seed, LinkQuality? quality = null)
    {
        var builder = new TopologyBuilder { Seed = seed };
        if (quality is not null)
        {
            builder.Quality = quality;
        }

        return builder
            .Host(TopologyBuilder.Vantage, TopologyBuilder.VantageV4, TopologyBuilder.VantageV6)
            .Host(TopologyBuilder.Target, TopologyBuilder.TargetV4, TopologyBuilder.TargetV6);
    }

    internal static string Router(int number) => $"r{number}";

    /// <summary>Joins two nodes by branches of the stated numbers of routers; the first node shares flows among them.</summary>
    internal static void Branch(TopologyBuilder builder, string from, string to, string prefix, int[] lengths,
        Func<RouteSpec, RouteSpec> share)
    {
        var firsts = new string[lengths.Length];
        for (var i = 0; i < lengths.Length; i++)
        {
            var last = from;
            for (var j = 1; j <= lengths[i]; j++)
            {
                var name = lengths[i] == 1 ? $"{prefix}{i + 1}" : $"{prefix}{i + 1}.{j}";
                builder.Link(last, name);

                // Stated, or the way round by a shorter branch would look nearer.
                if (j > 1)
                {
                    builder.ToTarget(last, name);
                }
                else
                {
                    firsts[i] = name;
                }

                last = name;
            }

            builder.Link(last, to).ToTarget(last, to);
        }

        builder.ToTarget(from, share, firsts);
    }
}
