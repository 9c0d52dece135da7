using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Probe.Core.Packets;

namespace Probe.Lab.Simulation;

/// <summary>Writes a network as a few lines that a person can read in a test's message: what is as usual is left out.</summary>
internal static class TopologyText
{
    private static readonly NodeSpec s_plainNode = new() { Name = "" };

    public static string Write(Topology topology)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"network seed {topology.Seed}, from {topology.Vantage}\n");
        foreach (var node in topology.Nodes)
        {
            text.Append("  ").Append(node.Name);
            WriteNode(text, node);
            text.Append('\n');
        }

        foreach (var link in topology.Links)
        {
            text.Append("  ").Append(link.A.Node).Append(Addresses(link.A.Addresses)).Append(" -- ")
                .Append(link.B.Node).Append(Addresses(link.B.Addresses));
            WriteQuality(text, "", link.Quality);
            if (link.Back is { } back)
            {
                WriteQuality(text, " back", back);
            }

            text.Append('\n');
        }

        foreach (var noise in topology.Noise)
        {
            text.Append("  noise ").Append(noise).Append('\n');
        }

        return text.ToString();
    }

    private static void WriteNode(StringBuilder text, NodeSpec node)
    {
        text.Append(Addresses(node.Addresses));
        if (!node.Forwards)
        {
            text.Append(" host");
        }

        WriteErrors(text, node);
        WriteBehaviours(text, node);
        foreach (var route in node.Routes)
        {
            WriteRoute(text, route);
        }
    }

    private static void WriteErrors(StringBuilder text, NodeSpec node)
    {
        if (node.Errors.From != ReplySource.Inbound)
        {
            text.Append(" replies:").Append(node.Errors.From).Append(Addresses(node.Errors.Fixed));
        }

        if (node.Errors.Silent != Protocols.None)
        {
            text.Append(" silent:").Append(node.Errors.Silent);
        }

        foreach (var limit in node.Errors.RateLimits)
        {
            text.Append(CultureInfo.InvariantCulture,
                $" limit:{limit.PerSecond}/s+{limit.Burst}{(limit.PerDestination ? " per destination" : "")}");
        }

        if (node.Errors.Quote != s_plainNode.Errors.Quote)
        {
            text.Append(" quote:").Append(node.Errors.Quote.Length);
        }

        if (node.Errors.Extensions is { } extensions)
        {
            text.Append(CultureInfo.InvariantCulture, $" extensions:{extensions.Mpls.Length} labels ")
                .Append(CultureInfo.InvariantCulture, $"{extensions.Interfaces.Length} interfaces {extensions.Form} {extensions.Fault}");
        }

        if (node.Errors.Options.Length > 0)
        {
            text.Append(" options:").Append(node.Errors.Options);
        }
    }

    private static void WriteBehaviours(StringBuilder text, NodeSpec node)
    {
        if (node.Ttl != TtlHandling.Decrement)
        {
            text.Append(" ttl:").Append(node.Ttl);
        }

        if (node.TooBig != s_plainNode.TooBig)
        {
            text.Append(CultureInfo.InvariantCulture,
                $" too-big:silent {node.TooBig.Silent}, lies {node.TooBig.Mtu} to {node.TooBig.Lies}");
        }

        foreach (var rule in node.Rules)
        {
            var from = rule.From == AnswerFrom.Node ? "" : " from target";
            text.Append(CultureInfo.InvariantCulture, $" rule:[{rule.When} {rule.Match.Protocols} -> {Answer(rule)}{from}]");
        }

        if (node.Merging is { } merging)
        {
            text.Append(CultureInfo.InvariantCulture,
                $" merges:{merging.WithinNs} ns{(merging.LosesMerged ? ", loses what it merged" : "")}");
        }

        if (node.Nat is { } nat)
        {
            var rules = string.Join(", ", nat.Sources.Select(rule => $"source {rule.Match}->{rule.To}")
                .Concat(nat.Destinations.Select(rule => $"destination {rule.Match}->{rule.To}")));
            text.Append(CultureInfo.InvariantCulture, $" nat:[{rules}; errors {nat.Errors}]");
        }

        if (node.TunnelEnd is { } end)
        {
            text.Append(CultureInfo.InvariantCulture,
                $" opens:[{string.Join(", ", end.Accepts.Select(EncapsulationText.Of))}]{Addresses(end.Addresses)}");
        }

        if (node.Director is { } director)
        {
            var servers = string.Join(" | ", director.Servers.Select(server => string.Join(' ', server.Via.Select(EncapsulationText.Of))));
            var says = director.SaysTooBig ? director.ToldMtu?.ToString(CultureInfo.InvariantCulture) ?? "truth" : "nothing";
            text.Append(CultureInfo.InvariantCulture, $" director:[{director.Mode} {string.Join(' ', director.Addresses)} -> {servers}; ")
                .Append(CultureInfo.InvariantCulture,
                    $"says {says}, relay {director.Relay}{(director.LearnsOuterMtu ? "" : ", learns nothing")}]");
        }
    }

    private static void WriteRoute(StringBuilder text, RouteSpec route)
    {
        var nextHops = route.NextHops.Select(hop => hop.Weight == 1 ? hop.To : FormattableString.Invariant($"{hop.To}*{hop.Weight}"));
        text.Append(CultureInfo.InvariantCulture, $"\n    {route.Prefix} -> {string.Join('|', nextHops)}");
        if (route.NextHops.Length > 1)
        {
            text.Append(' ').Append(route.Balancing).Append(' ').Append(route.Fields);
        }

        if (route.FromNs > 0 || route.UntilNs < long.MaxValue)
        {
            text.Append(CultureInfo.InvariantCulture,
                $" from {route.FromNs} until {(route.UntilNs == long.MaxValue ? "ever" : route.UntilNs)}");
        }
    }

    private static string Answer(AnswerRule rule) => rule switch
    {
        { Reset: true } => "reset",
        { V4: { } v4, V6: { } v6 } => $"icmp {v4.Type}/{v4.Code}:{v4.Rest} icmp6 {v6.Type}/{v6.Code}:{v6.Rest}",
        { V4: { } v4 } => $"icmp {v4.Type}/{v4.Code}:{v4.Rest}",
        { V6: { } v6 } => $"icmp6 {v6.Type}/{v6.Code}:{v6.Rest}",
        _ => "drop",
    };

    private static void WriteQuality(StringBuilder text, string direction, LinkQuality quality)
    {
        text.Append(CultureInfo.InvariantCulture, $"{direction} {quality.DelayNs / 1e6:0.###}ms");
        if (quality.JitterNs > 0)
        {
            text.Append(CultureInfo.InvariantCulture, $"+{quality.JitterNs / 1e6:0.###}ms");
        }

        Share(text, "loss", quality.Loss);
        Share(text, "duplicate", quality.Duplicate);
        Share(text, "reorder", quality.Reorder);
        if (!quality.Lost.IsEmpty)
        {
            text.Append(" loses ").AppendJoin(',', quality.Lost);
        }

        if (quality.Mtu != 1500)
        {
            text.Append(CultureInfo.InvariantCulture, $" mtu {quality.Mtu}");
        }
    }

    private static void Share(StringBuilder text, string name, double share)
    {
        if (share > 0)
        {
            text.Append(CultureInfo.InvariantCulture, $" {name} {share * 100:0.#}%");
        }
    }

    private static string Addresses<T>(ImmutableArray<T> addresses) => addresses.IsEmpty ? "" : $"({string.Join(' ', addresses)})";
}
