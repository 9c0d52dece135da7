using System.Collections.Immutable;

namespace Probe.Lab.Simulation;

/// <summary>The stated rules of a node: the first that matches decides.</summary>
internal sealed class RuleBehaviour(ImmutableArray<AnswerRule> rules) : INodeBehaviour
{
    public NodeAction Expiring(SimulatedNode node, SimulatedPacket packet) => Apply(When.Expired, node, packet);

    public NodeAction Passing(SimulatedNode node, SimulatedPacket packet) => Apply(When.Transit, node, packet);

    public NodeAction Local(SimulatedNode node, SimulatedPacket packet) => Apply(When.Local, node, packet);

    private NodeAction Apply(When when, SimulatedNode node, SimulatedPacket packet)
    {
        var flow = FlowKey.Of(packet);
        foreach (var rule in rules)
        {
            if (rule.When != when || !rule.Match.Takes(flow, packet.Length, node.NowNs) || !Applies(rule, packet)
                || (rule.Match.Share < 1 && !node.Hits(rule.Match.Share)))
            {
                continue;
            }

            if (rule.Reset)
            {
                HostReplies.Reset(node, packet, rule.From == AnswerFrom.Destination ? packet.Destination : node.AnswerAddress(packet));
            }
            else if ((packet.IsV6 ? rule.V6 : rule.V4) is { } code)
            {
                node.SendError(packet, code, rule.From);
            }

            if (rule.Forwards)
            {
                return NodeAction.Pass;
            }

            node.Drop(packet, DropReason.Rule);
            return NodeAction.Taken;
        }

        return NodeAction.Pass;
    }

    /// <summary>A rule that answers one family only leaves the other alone; a rule without any answer drops both.</summary>
    internal static bool Applies(AnswerRule rule, bool isV6, bool isTcp)
    {
        if (rule.Reset)
        {
            return isTcp;
        }

        return rule.V4 is null && rule.V6 is null ? true : (isV6 ? rule.V6 : rule.V4) is not null;
    }

    private static bool Applies(AnswerRule rule, SimulatedPacket packet) =>
        Applies(rule, packet.IsV6, packet.Protocol == Probe.Core.Packets.IpProtocol.Tcp);
}

/// <summary>Rewrites the TOS or traffic class octet of what passes.</summary>
internal sealed class TrafficClassBehaviour(TrafficClassRewrite rewrite) : INodeBehaviour
{
    public NodeAction Passing(SimulatedNode node, SimulatedPacket packet)
    {
        packet.SetTrafficClass((byte)((packet.TrafficClass & rewrite.Keep) | rewrite.Set));
        return NodeAction.Pass;
    }
}
