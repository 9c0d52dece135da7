using System.Collections.Immutable;
using Probe.Core.Packets;

namespace Probe.Lab.Simulation;

/// <summary>How often a random network has which trouble: shares of its hops, links or networks.</summary>
public sealed record RandomOptions
{
    /// <summary>Most routers in a row, diamonds counted once.</summary>
    public int MaxHops { get; init; } = 12;

    /// <summary>Hops that are a diamond instead of one router.</summary>
    public double Diamonds { get; init; } = 0.2;

    public int MaxWidth { get; init; } = 4;

    /// <summary>Diamonds that share packet by packet.</summary>
    public double PerPacket { get; init; } = 0.15;

    /// <summary>Routers silent about everything, or about one protocol.</summary>
    public double Silent { get; init; } = 0.1;

    public double RateLimited { get; init; } = 0.1;

    /// <summary>Routers that do not quote everything.</summary>
    public double ShortQuotes { get; init; } = 0.4;

    /// <summary>Routers with MPLS labels or interface information, right or wrong.</summary>
    public double Extensions { get; init; } = 0.1;

    /// <summary>Routers that say something else than time exceeded, or say it in another's name.</summary>
    public double Lies { get; init; } = 0.1;

    /// <summary>Routers that do not count the TTL as they should.</summary>
    public double TtlFaults { get; init; } = 0.05;

    /// <summary>Links that lose packets.</summary>
    public double LossyLinks { get; init; } = 0.1;

    /// <summary>Links that reorder or duplicate.</summary>
    public double UnrulyLinks { get; init; } = 0.15;

    /// <summary>Links with a small MTU.</summary>
    public double SmallMtus { get; init; } = 0.05;

    /// <summary>Networks with a NAT on the way.</summary>
    public double Nats { get; init; } = 0.15;

    /// <summary>Networks whose way to the target is a loop.</summary>
    public double Loops { get; init; } = 0.1;

    /// <summary>Networks with foreign ICMP.</summary>
    public double Noise { get; init; }

    /// <summary>A network without chance: what it answers depends on the packet alone.</summary>
    public static RandomOptions Certain { get; } = new() { PerPacket = 0, RateLimited = 0, LossyLinks = 0 };
}

/// <summary>Random networks, from the vantage host <c>h</c> to the target <c>t</c>. A seed stands for one network.</summary>
public static class RandomTopologies
{
    /// <summary>The network of a seed.</summary>
    public static Topology Make(ulong seed, RandomOptions? options = null)
    {
        options ??= new RandomOptions();
        var chance = new Chance(seed, 0x55_0000_0000);
        var builder = Topologies.Begin(seed);
        var trunk = Trunk(builder, options, ref chance);
        var topology = builder.Build();
        if (chance.Hits(options.Nats))
        {
            topology = AddNat(topology, trunk[chance.NextBelow(trunk.Count)], ref chance);
        }

        if (trunk.Count > 1 && chance.Hits(options.Loops))
        {
            topology = AddLoop(topology, trunk, ref chance);
        }

        topology = topology
            with { Nodes = [.. Troubled(topology.Nodes, options, ref chance)], Links = [.. Troubled(topology.Links, options, ref chance)] };
        return chance.Hits(options.Noise)
            ? topology
                with { Noise = [new NoiseSpec(), new NoiseSpec { Kind = NoiseKind.NearMiss }, new NoiseSpec { V6 = true },
                new NoiseSpec { Kind = NoiseKind.NearMiss, V6 = true }] }
            : topology;
    }

    /// <summary>Simpler networks than this one, for finding the smallest that still fails: each lacks one trouble.</summary>
    public static IEnumerable<Topology> Simpler(Topology topology)
    {
        if (!topology.Noise.IsEmpty)
        {
            yield return topology with { Noise = [] };
        }

        foreach (var node in topology.Nodes)
        {
            var plain = new NodeSpec { Name = node.Name, Addresses = node.Addresses, Routes = node.Routes, Forwards = node.Forwards };
            if (node.Nat is not null)
            {
                yield return topology.With(node.Name, known => known with { Nat = null });
            }

            if (node != plain && node.Nat is null)
            {
                yield return topology.With(node.Name, _ => plain);
            }

            foreach (var route in node.Routes)
            {
                if (route.NextHops.Length > 1)
                {
                    yield return topology.With(node.Name,
                        known => known with { Routes = known.Routes.Replace(route, route with { NextHops = [route.NextHops[0]] }) });
                }
            }
        }

        var clean = new LinkQuality();
        foreach (var link in topology.Links)
        {
            if (link.Quality != clean || link.Back is not null)
            {
                yield return topology with { Links = topology.Links.Replace(link, link with { Quality = clean, Back = null }) };
            }
        }
    }

    private static List<string> Trunk(TopologyBuilder builder, RandomOptions options, ref Chance chance)
    {
        var trunk = new List<string>();
        var last = TopologyBuilder.Vantage;
        var hops = 1 + chance.NextBelow(options.MaxHops);
        for (var i = 1; i <= hops; i++)
        {
            var name = Topologies.Router(i);
            if (i > 1 && chance.Hits(options.Diamonds))
            {
                var lengths = new int[2 + chance.NextBelow(options.MaxWidth - 1)];
                for (var j = 0; j < lengths.Length; j++)
                {
                    lengths[j] = 1 + chance.NextBelow(3);
                }

                var balancing = chance.Hits(options.PerPacket) ? Balancing.PerPacket : Balancing.PerFlow;
                var fields = chance.NextBelow(4) switch
                {
                    0 => FlowFields.Addresses,
                    1 => FlowFields.FirstFourOctets,
                    2 => FlowFields.FiveTuple | FlowFields.FlowLabel,
                    _ => FlowFields.FiveTuple,
                };
                Topologies.Branch(builder, last, name, $"d{i}_", lengths, route => route with { Balancing = balancing, Fields = fields });
            }
            else
            {
                builder.Link(last, name);
                if (i > 1)
                {
                    builder.ToTarget(last, name);
                }
            }

            trunk.Add(name);
            last = name;
        }

        builder.Link(last, TopologyBuilder.Target).ToTarget(last, TopologyBuilder.Target);
        return trunk;
    }

    private static Topology AddNat(Topology topology, string name, ref Chance chance)
    {
        var (outside4, outside6) = (IpAddress.Parse("10.202.0.1"), IpAddress.Parse("fd00:202::1"));
        var nat = new NatSpec
        {
            Sources = [new NatRule(IpPrefix.Of(TopologyBuilder.VantageV4), outside4),
                new NatRule(IpPrefix.Of(TopologyBuilder.VantageV6), outside6)],
            Errors = (NatErrors)chance.NextBelow(3),
        };
        return topology.With(name, node => node with { Addresses = [IpPrefix.Of(outside4), IpPrefix.Of(outside6)], Nat = nat });
    }

    private static Topology AddLoop(Topology topology, List<string> trunk, ref Chance chance)
    {
        // The router turns packets for the target back to where they came from.
        var at = 1 + chance.NextBelow(trunk.Count - 1);
        var before = topology.Links.First(link => string.Equals(link.B.Node, trunk[at], StringComparison.Ordinal)).A.Node;
        return topology.With(trunk[at], node => node with
        {
            Routes = [.. node.Routes.Select(route => route with { NextHops = [new NextHop(before)] })],
        });
    }

    private static List<NodeSpec> Troubled(ImmutableArray<NodeSpec> nodes, RandomOptions options, ref Chance chance)
    {
        var troubled = new List<NodeSpec>(nodes.Length);
        foreach (var node in nodes)
        {
            if (string.Equals(node.Name, TopologyBuilder.Vantage, StringComparison.Ordinal))
            {
                troubled.Add(node);
                continue;
            }

            troubled.Add(string.Equals(node.Name, TopologyBuilder.Target, StringComparison.Ordinal)
                ? node with { Host = Target(ref chance), Errors = Errors(node.Errors, options, ref chance) }
                : Router(node, options, ref chance));
        }

        return troubled;
    }

    private static HostSpec Target(ref Chance chance) => new()
    {
        Echo = !chance.Hits(0.1),
        Tcp = [new TcpService { Port = 80, Behaviour = (TcpBehaviour)chance.NextBelow(7) }],
        OtherTcp = chance.Hits(0.2) ? TcpBehaviour.Filtered : TcpBehaviour.Closed,
        OtherUdp = (UdpBehaviour)chance.NextBelow(4),
    };

    private static NodeSpec Router(NodeSpec node, RandomOptions options, ref Chance chance)
    {
        var errors = Errors(node.Errors, options, ref chance);
        if (chance.Hits(options.Silent))
        {
            errors = errors with { Silent = chance.NextBelow(2) == 0 ? Protocols.All : (Protocols)(1 << chance.NextBelow(3)) };
        }

        node = node with { Errors = errors };
        if (chance.Hits(options.Lies))
        {
            node = node with { Rules = [Lie(ref chance)] };
        }

        if (node.Nat is null && chance.Hits(options.TtlFaults))
        {
            node = node with { Ttl = chance.NextBelow(2) == 0 ? TtlHandling.Hidden : TtlHandling.ForwardsZero };
        }

        return chance.Hits(0.05) ? node with { TrafficClass = TrafficClassRewrite.BleachDscp } : node;
    }

    private static ErrorPolicy Errors(ErrorPolicy errors, RandomOptions options, ref Chance chance)
    {
        if (chance.Hits(options.RateLimited))
        {
            errors =
                errors with { RateLimits = [new RateLimit(1 + chance.NextBelow(100), 1 + chance.NextBelow(10), chance.NextBelow(2) == 0)] };
        }

        if (chance.Hits(options.ShortQuotes))
        {
            errors = errors with
            {
                Quote = new QuoteSpec
                {
                    Length = chance.NextBelow(3) == 0 ? QuoteLength.First128 : QuoteLength.HeaderAndEight,
                    Options = chance.NextBelow(5) == 0 ? "94040000" : "",
                },
                Options = chance.NextBelow(5) == 0 ? "01010101" : "",
            };
        }

        if (chance.Hits(options.Extensions))
        {
            errors = errors with
            {
                Extensions = new ExtensionSpec
                {
                    Mpls = [new MplsLabel(16 + chance.NextBelow(1 << 19), 0, true, 1)],
                    Form = (ExtensionForm)chance.NextBelow(3),
                    Fault = (ExtensionFault)chance.NextBelow(8),
                },
            };
        }

        return errors;
    }

    private static AnswerRule Lie(ref Chance chance)
    {
        var protocols = chance.NextBelow(2) == 0 ? Protocols.All : (Protocols)(1 << chance.NextBelow(3));
        return chance.NextBelow(6) switch
        {
            0 => AnswerRule.TooBig(9000, protocols),
            1 => AnswerRule.TooBig(0, protocols),
            2 => AnswerRule.Icmp(IcmpType.DestinationUnreachable, (byte)chance.NextBelow(16), 0, protocols),
            3 => AnswerRule.IcmpV6(IcmpType.DestinationUnreachableV6, (byte)chance.NextBelow(7), 0, protocols),
            4 => AnswerRule.Icmp(IcmpType.SourceQuench, 0, 0, protocols),
            _ => AnswerRule.Icmp(IcmpType.ParameterProblem, 0, 0, protocols),
        };
    }

    private static List<LinkSpec> Troubled(ImmutableArray<LinkSpec> links, RandomOptions options, ref Chance chance)
    {
        var troubled = new List<LinkSpec>(links.Length);
        foreach (var link in links)
        {
            var quality =
                new LinkQuality { DelayNs = chance.NextBelow(5_000_000), JitterNs = chance.Hits(0.3) ? chance.NextBelow(1_000_000) : 0 };
            if (chance.Hits(options.LossyLinks))
            {
                quality = quality with { Loss = 0.05 + chance.NextShare() * 0.3 };
            }

            if (chance.Hits(options.UnrulyLinks))
            {
                quality = quality
                    with { Reorder = chance.NextShare() * 0.5, ReorderNs = 1 + chance.NextBelow(20_000_000),
                    Duplicate = chance.NextShare() * 0.3 };
            }

            if (chance.Hits(options.SmallMtus))
            {
                quality = quality with { Mtu = 1280 + chance.NextBelow(200) };
            }

            troubled.Add(link with { Quality = quality });
        }

        return troubled;
    }
}
