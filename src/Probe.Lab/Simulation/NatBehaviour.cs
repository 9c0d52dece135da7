using Probe.Core.Packets;

namespace Probe.Lab.Simulation;

/// <summary>Address translation with memory: a flow keeps the mapping its first packet got.</summary>
internal sealed class NatBehaviour(NatSpec spec) : INodeBehaviour
{
    private readonly Dictionary<FiveTuple, Mapping> _forward = [];

    // Keyed by the tuple of a packet of the way back, and by the turned tuple of every form in which an error may quote the way out.
    private readonly Dictionary<FiveTuple, Mapping> _back = [];
    private readonly Dictionary<NatRule, int> _portsGiven = [];

    public NodeAction Arriving(SimulatedNode node, SimulatedPacket packet)
    {
        if (packet.IsLaterFragment)
        {
            return NodeAction.Pass;
        }

        if (TupleWriter.IsError(packet))
        {
            return TranslateError(node, packet);
        }

        if (!TupleWriter.TryRead(packet.Octets, out var tuple))
        {
            return NodeAction.Pass;
        }

        if (_back.TryGetValue(tuple, out var known))
        {
            Rewrite(packet, known.Original.Turned);
            return NodeAction.Pass;
        }

        var mapping = MappingOf(tuple);
        if (mapping is not null)
        {
            Rewrite(packet, mapping.Between);
            packet.Mapping = mapping;
        }

        return NodeAction.Pass;
    }

    public NodeAction Passing(SimulatedNode node, SimulatedPacket packet)
    {
        if (packet.Mapping is Mapping mapping)
        {
            Rewrite(packet, mapping.Translated);
            packet.Mapping = null;
        }

        return NodeAction.Pass;
    }

    // What the node itself answers to a packet it has translated already goes to the sender in the sender's terms.
    public NodeAction Leaving(SimulatedNode node, SimulatedPacket packet)
    {
        if (TupleWriter.IsError(packet))
        {
            return TranslateError(node, packet);
        }

        if (TupleWriter.TryRead(packet.Octets, out var tuple) && _back.TryGetValue(tuple, out var known))
        {
            Rewrite(packet, known.Original.Turned);
        }

        return NodeAction.Pass;
    }

    private NodeAction TranslateError(SimulatedNode node, SimulatedPacket packet)
    {
        var quote = TupleWriter.QuoteOf(packet);
        if (!TupleWriter.TryRead(quote, out var tuple) || !_back.TryGetValue(tuple.Turned, out var mapping))
        {
            return NodeAction.Pass;
        }

        if (spec.Errors == NatErrors.Dropped)
        {
            node.Drop(packet, DropReason.Nat);
            return NodeAction.Taken;
        }

        if (spec.Errors != NatErrors.Left)
        {
            TupleWriter.Write(quote, tuple, mapping.Original, withTransportChecksum: spec.Errors == NatErrors.Translated);
        }

        var source = spec.HidesErrorSource && mapping.Original.Destination != mapping.Translated.Destination
            ? mapping.Original.Destination : packet.Source;
        TupleWriter.WriteAddresses(packet, source, mapping.Original.Source);
        TransportChecksum.Write(packet.Payload, packet.Protocol, source, mapping.Original.Source);
        packet.Route = -1;
        return NodeAction.Pass;
    }

    private Mapping? MappingOf(in FiveTuple tuple)
    {
        if (_forward.TryGetValue(tuple, out var known))
        {
            return known;
        }

        var (destination, source) = (Find(spec.Destinations, tuple.Destination), Find(spec.Sources, tuple.Source));
        if (destination is null && source is null)
        {
            return null;
        }

        var between = destination is null ? tuple : tuple with
        {
            Destination = destination.To,
            DestinationPort = destination.Port != 0 && !tuple.IsIcmp ? destination.Port : tuple.DestinationPort,
        };
        var translated = source is null ? between : between with { Source = source.To, SourcePort = PortFor(source, between) };
        var mapping = new Mapping(tuple, between, translated);
        _forward[tuple] = mapping;
        _back[translated.Turned] = mapping;
        _back.TryAdd(between.Turned, mapping);
        return mapping;
    }

    private ushort PortFor(NatRule rule, in FiveTuple tuple)
    {
        if (rule.Port != 0)
        {
            _portsGiven.TryGetValue(rule, out var given);
            _portsGiven[rule] = given + 1;
            return (ushort)(rule.Port + given);
        }

        // Two inner hosts may use one port; the second gets another.
        var port = tuple.SourcePort;
        while (_back.ContainsKey((tuple with { Source = rule.To, SourcePort = port }).Turned))
        {
            port++;
        }

        return port;
    }

    private static NatRule? Find(IReadOnlyList<NatRule> rules, IpAddress address)
    {
        for (var i = 0; i < rules.Count; i++)
        {
            if (rules[i].Match.Contains(address) && rules[i].To.Length == address.Length)
            {
                return rules[i];
            }
        }

        return null;
    }

    private static void Rewrite(SimulatedPacket packet, in FiveTuple to)
    {
        if (TupleWriter.TryRead(packet.Octets, out var from) && from != to)
        {
            TupleWriter.Write(packet.Octets, from, to, withTransportChecksum: true);
            packet.Route = -1;
        }
    }

    /// <param name="Original">As the sender sends it.</param>
    /// <param name="Between">With its destination translated.</param>
    /// <param name="Translated">As it leaves.</param>
    internal sealed record Mapping(FiveTuple Original, FiveTuple Between, FiveTuple Translated);
}
