using Probe.Core.Packets;

namespace Probe.Lab.Simulation;

/// <summary>Follows an answer back to the vantage host.</summary>
/// <param name="network">Where.</param>
/// <param name="nats">The translations that the packet met on its way out.</param>
/// <param name="atNs">When.</param>
internal sealed class TruthReturn(SimulatedNetwork network, IReadOnlyList<TruthStep> nats, long atNs)
{
    private const FlowFields Unknown = FlowFields.IcmpChecksum | FlowFields.IcmpIdentifier | FlowFields.IcmpSequence
        | FlowFields.TrafficClass;

    private readonly HashSet<(int Channel, int Ttl)> _seen = [];

    public bool IsCertain { get; private set; } = true;

    /// <summary>The source address on arrival; null when the answer never gets there.</summary>
    public IpAddress? Source { get; private set; }

    public void Send(TruthStep from, in TrueReply reply, bool isError)
    {
        var flow = FlowKey.Of(from.Packet);
        var answer = new FlowKey
        {
            Source = reply.From,
            Destination = from.Packet.Source,
            Protocol = reply.Protocol,
            SourcePort = isError ? (ushort)0 : flow.DestinationPort,
            DestinationPort = isError ? (ushort)0 : flow.SourcePort,
        };
        if (Translate(from.Node, ref answer, isError))
        {
            Go(from.Node, answer, isError, from.Node.Spec.Errors.InitialTtl);
        }
    }

    private void Go(SimulatedNode node, FlowKey answer, bool isError, int ttl)
    {
        var channels = TruthStep.Channels(network, node, answer, Unknown, atNs);
        IsCertain &= channels.Count > 0;
        foreach (var channel in channels)
        {
            if (!_seen.Add((channel.Index, ttl)))
            {
                continue;
            }

            IsCertain &= channel.Quality is { Loss: 0, Lost.IsEmpty: true, Mtu: >= 1280 };
            Come(channel.To, answer, isError, ttl);
        }
    }

    private void Come(SimulatedNode node, FlowKey answer, bool isError, int ttl)
    {
        if (!Translate(node, ref answer, isError))
        {
            return;
        }

        if (network.Routes.Look(node, answer.Destination) is { IsLocal: true })
        {
            if (node == network.Vantage)
            {
                Source = answer.Source;
            }
            else
            {
                IsCertain = false;
            }

            return;
        }

        var isLast = ttl <= 1 && node.Spec.Ttl != TtlHandling.Hidden;
        if (isLast || !node.Spec.Forwards)
        {
            IsCertain = false;
            return;
        }

        // A filter on the way back may or may not mean this answer; its size is not known here.
        IsCertain &= node.Spec.Rules.All(rule =>
            rule.When != When.Transit || !rule.Match.Takes(answer, Math.Max(60, rule.Match.MinimumSize), atNs));
        Go(node, answer, isError, node.Spec.Ttl == TtlHandling.Hidden ? ttl : ttl - 1);
    }

    // False when the NAT swallows the answer.
    private bool Translate(SimulatedNode node, ref FlowKey answer, bool isError)
    {
        foreach (var nat in nats)
        {
            if (nat.Node != node)
            {
                continue;
            }

            // On its way out the packet came here as Arrived and left with its source translated too.
            var (before, between) = (nat.Arrived, nat.Packet);
            var left = between.Mapping is NatBehaviour.Mapping mapping ? mapping.Translated : default;
            if (left == default || (answer.Destination != left.Source && answer.Destination != before.Source))
            {
                continue;
            }

            if (isError && node.Spec.Nat!.Errors == NatErrors.Dropped)
            {
                return false;
            }

            var isHidden = node.Spec.Nat!.HidesErrorSource && left.Destination != before.Destination;
            answer = answer with
            {
                Destination = before.Source,
                Source = isError ? isHidden ? before.Destination : answer.Source : answer.Source == left.Destination
                    ? before.Destination : answer.Source,
            };
            return true;
        }

        return true;
    }
}
