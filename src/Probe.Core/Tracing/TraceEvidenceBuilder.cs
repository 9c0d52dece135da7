using System.Diagnostics;
using System.Globalization;
using Probe.Core.Evidence;
using Probe.Core.Packets;
using Probe.Core.Probing;
using Probe.Core.Vocabulary;

namespace Probe.Core.Tracing;

/// <summary>Turns what a trace has seen, at any time of the run, into evidence.</summary>
public sealed class TraceEvidenceBuilder
{
    /// <summary>Single probes kept for the document.</summary>
    public const int KeptProbes = TraceState.KeptProbes;

    private readonly TraceSweep? _sweep;
    private readonly TraceState _state;
    private readonly TraceOptions _options;
    private readonly long _zeroNs;
    private readonly Func<IpAddress, string?> _nameOf;

    /// <summary>Makes a builder. After <see cref="Tracer.Reset"/> it still tells of what was seen before.</summary>
    /// <param name="sweep">Whose observations.</param>
    /// <param name="zeroNs">The run's clock at <see cref="Bundle.Started"/>.</param>
    /// <param name="nameOf">Reverse names; null where there is none.</param>
    public TraceEvidenceBuilder(TraceSweep sweep, long zeroNs, Func<IpAddress, string?> nameOf)
    {
        _sweep = sweep;
        _state = sweep.State;
        _options = _state.Options;
        _zeroNs = zeroNs;
        _nameOf = nameOf;
    }

    /// <summary>Makes a builder of a state that no sweep holds.</summary>
    internal TraceEvidenceBuilder(TraceState state, Func<IpAddress, string?> nameOf)
    {
        _state = state;
        _options = state.Options;
        _nameOf = nameOf;
    }

    /// <summary><see cref="TraceEvidence.Mode"/>.</summary>
    public TraceMode Mode { get; init; }

    /// <summary><see cref="TraceEvidence.Via"/>.</summary>
    public IReadOnlyList<string> Via { get; init; } = [];

    /// <summary>The evidence so far.</summary>
    /// <param name="target">The target as the user wrote it.</param>
    /// <param name="end">Why the loop ended.</param>
    /// <param name="localLost">Answers lost in this host.</param>
    public TraceEvidence Build(string target, SweepEnd end, long localLost)
    {
        var branching = new Branching(_state);
        return BuildPath(target, end, localLost, branching, onlyFlow: null) with
        {
            Links = LinkBuilder.Build(_state, branching),
            Probes = [.. _state.Probes.Select(BuildProbe)],
        };
    }

    /// <summary>The run as a view shows it: cheap enough to be made ten times a second on the loop's thread.</summary>
    /// <param name="target">The target as the user wrote it.</param>
    /// <param name="localLost">Answers lost in this host.</param>
    /// <param name="onlyFlow">Index of the flow to which hops are limited; null for all.</param>
    public TraceSnapshot Snapshot(string target, long localLost, int? onlyFlow = null) => new()
    {
        Trace = BuildPath(target, SweepEnd.Interrupted, localLost, new Branching(_state), onlyFlow),
        Recent = [.. _state.Recent.Select(ring => ring.Read(flow => _state.Flows[flow].Flow.Id, onlyFlow))],
        Cycles = _sweep is Tracer { Cycles: var cycles } ? cycles : 0,
        FlowsProbed = _sweep is Tracer { Flows.Count: var flows } ? flows : 0,
        Sent = _state.ProbesSent,
        Answered = _sweep?.ProbesAnswered ?? 0,
        Paused = _sweep is { IsPaused: true },
        OnlyFlow = onlyFlow is { } index ? _state.Flows[index].Flow.Id : null,
    };

    private TraceEvidence BuildPath(string target, SweepEnd end, long localLost, Branching branching, int? onlyFlow)
    {
        var hops = BuildHops(branching, onlyFlow);
        var tos = _options.Dscp << 2;
        var reached = _state.Flows.Where((flow, index) => flow.ReachedTtl != 0 && (onlyFlow ?? index) == index)
            .Select(flow => flow.ReachedTtl).DefaultIfEmpty(0).Min();
        return new TraceEvidence
        {
            Target = target,
            Address = _options.Target.ToString(),
            Name = _nameOf(_options.Target),
            Protocol = _options.Protocol,
            Port = _options.Protocol == ProbeProtocol.Icmp ? null : _state.Flows[0].Flow.DestinationPort,
            Source = _options.Source.ToString(),
            Size = _options.Size,
            Via = Via,
            Sweep = _options.SweepsOuter ? SweptTtl.Outer : null,
            Mode = Mode,
            Reached = reached != 0,
            ReachedTtl = reached != 0 ? reached : null,
            StopReason = StopReasonOf(end, reached != 0),
            LocalLost = localLost,
            Tos = tos,
            Hops = QuoteReading.Annotate(hops, tos),
            RouteChanges = branching.Changes is [] ? null : [.. branching.Changes.Select(BuildChange)],
            Multipath = _sweep?.Multipath,
            Flows = [.. _state.Flows.Select((flow, index) => BuildFlow(flow.Flow, index))],
        };
    }

    private StopReason StopReasonOf(SweepEnd end, bool reached) => end switch
    {
        SweepEnd.Deadline => StopReason.Deadline,
        SweepEnd.Interrupted => StopReason.Interrupted,
        SweepEnd.MaxProbes => StopReason.MaxProbes,
        SweepEnd.Done when _state.SendError is not null => StopReason.Error,
        SweepEnd.Done when _sweep is MultipathTracer { OutOfProbes: true, IsComplete: false } => StopReason.MaxProbes,
        SweepEnd.Done when !reached && _state.Flows.Any(flow => flow.RefusedTtl != 0) => StopReason.Tunnel,
        SweepEnd.Done => reached ? StopReason.Target : StopReason.MaxTtl,
        _ => throw new ArgumentOutOfRangeException(nameof(end), end, message: null),
    };

    private List<HopEvidence> BuildHops(Branching branching, int? onlyFlow)
    {
        var hops = new List<HopEvidence>();
        for (var ttl = _options.FirstTtl; ttl <= _options.MaxTtl; ttl++)
        {
            var seen = FlowsAt(ttl, onlyFlow);
            if (seen.Count == 0)
            {
                continue;
            }

            hops.Add(new HopEvidence
            {
                Ttl = ttl,
                Sent = seen.Sum(cell => cell.Hop.Sent),
                Received = seen.Sum(cell => cell.Hop.Received),
                Nodes = BuildNodes(seen, branching, ttl),
                Notes =
                [
                    .. seen.SelectMany(cell => cell.Hop.Redirects).Distinct().Select(from => $"redirect from {from}"),
                    .. branching.Changes.Where(change => change.Ttl == ttl).Select(Describe),
                ],
            });
        }

        return LossAttribution.Apply(hops);
    }

    /// <summary>The cells of one TTL, of those flows that do not end before it.</summary>
    private List<(int Flow, FlowHop Hop)> FlowsAt(int ttl, int? onlyFlow)
    {
        var seen = new List<(int, FlowHop)>();
        for (var flow = 0; flow < _state.Flows.Count; flow++)
        {
            if ((onlyFlow ?? flow) == flow && _state.Find(flow, ttl) is { } hop && (hop.Sent > 0 || hop.Redirects.Count > 0)
                && (_state.Flows[flow].LastTtl is var last && (last == 0 || ttl <= last)))
            {
                seen.Add((flow, hop));
            }
        }

        return seen;
    }

    private string Describe(RouteChange change) => string.Create(
        CultureInfo.InvariantCulture, $"route changed {(change.BeforeNs - _zeroNs) / 1e9:0.0} s into the run");

    private RouteChangeEvidence BuildChange(RouteChange change) => new()
    {
        Ttl = change.Ttl,
        AfterNs = change.AfterNs - _zeroNs,
        BeforeNs = change.BeforeNs - _zeroNs,
        From = [.. change.From.Select(address => address.ToString())],
        To = [.. change.To.Select(address => address.ToString())],
        Flows = [.. change.Flows.Select(flow => _state.Flows[flow].Flow.Id)],
    };

    private List<NodeEvidence> BuildNodes(List<(int Flow, FlowHop Hop)> seen, Branching branching, int ttl) =>
        seen is [{ Hop.Nodes: [var only] } cell]
        ? [BuildNode(only.Address, [(cell.Flow, cell.Hop, only)], branching, ttl)]
        : [.. seen.SelectMany(cell => cell.Hop.Nodes.Select(node => (cell.Flow, cell.Hop, Node: node)))
            .GroupBy(cell => cell.Node.Address)
            .OrderBy(group => group.Min(cell => cell.Flow)).ThenBy(group => group.Key)
            .Select(group => BuildNode(group.Key, [.. group], branching, ttl))];

    private NodeEvidence BuildNode(IpAddress address, List<(int Flow, FlowHop Hop, FlowNode Node)> cells, Branching branching, int ttl)
    {
        var newest = cells.MaxBy(cell => cell.Node.Last.ReceivedNs).Node.Last;
        var received = cells.Sum(cell => cell.Node.Received);
        var stamped = cells.Sum(cell => cell.Node.KernelStamped);

        // Where one flow met several addresses, nobody can say which of them a lost probe was for.
        int? sent = cells.Exists(cell => cell.Hop.Unordered || cell.Hop.Nodes.Count > 1 || branching.IsUnordered(cell.Flow, ttl))
            ? null : cells.Sum(cell => cell.Hop.Sent);
        return new NodeEvidence
        {
            Address = address.ToString(),
            Name = _nameOf(address),
            Sent = sent,
            Received = received,
            Loss = sent is > 0 ? (double)(sent.Value - received) / sent.Value : null,
            RttNs = RttStatistics.Merge([.. cells.Select(cell => cell.Node.Rtt)], newest.RttNs),
            Stamps = stamped == received ? NodeStamps.Kernel : stamped == 0 ? NodeStamps.User : NodeStamps.Mixed,
            Flows = [.. cells.Select(cell => _state.Flows[cell.Flow].Flow.Id)],
            Replies = BuildReplies(cells),
            Balancing = branching.BalancingOf(address, ttl),
            Mpls = cells.Select(cell => cell.Node.Extensions).LastOrDefault(extensions => extensions is { Mpls.IsEmpty: false })?.Mpls
                .Select(label => new MplsEvidence(label.Label, label.TrafficClass, label.Bottom, label.Ttl)).ToList(),
            Quoted = newest.Quoted is { } quoted && SaysOwnClass(newest)
                ? new QuotedEvidence(quoted.Ttl, quoted.TrafficClass, quoted.Length, address.IsV4 ? quoted.Id : null)
                : null,
            ReplyTtl = newest.ReplyTtl,
            Rewritten = QuoteReading.Listed(cells.Aggregate(RewrittenFields.None, (fields, cell) => fields | cell.Node.Nat)),
            Notes = [.. cells.Where(cell => cell.Node.Extensions is not null).SelectMany(cell => cell.Node.Extensions!.Interfaces)
                .Distinct().Select(Describe)],
        };
    }

    private static List<ReplyEvidence> BuildReplies(List<(int Flow, FlowHop Hop, FlowNode Node)> cells) =>
        cells is [{ Node.Replies: [var only] }]
        ? [BuildReply(only.Kind, only.Count)]
        : [.. cells.SelectMany(cell => cell.Node.Replies)
            .GroupBy(reply => reply.Kind, reply => reply.Count)
            .OrderBy(group => group.Key.Kind).ThenBy(group => group.Key.Code).ThenBy(group => group.Key.Mtu)
            .ThenBy(group => group.Key.Layer)
            .Select(group => BuildReply(group.Key, group.Sum()))];

    private static ReplyEvidence BuildReply(ReplySignature kind, int count) => new()
    {
        Kind = kind.Kind,
        Type = ReplyKinds.IsIcmp(kind.Kind) ? kind.Type : null,
        Code = ReplyKinds.IsIcmp(kind.Kind) ? kind.Code : null,
        Count = count,
        Mtu = kind.Mtu,
        Implausible = ReplyKinds.CarriesMtu(kind.Kind) ? kind.Implausible : null,
        Layer = kind.Layer == 0 ? null : kind.Layer,
    };

    /// <summary>The DSCP of a tunnel's header may be another than the probe's, and then says nothing of the path.</summary>
    private bool SaysOwnClass(in Reply reply)
    {
        for (var layer = 1; layer <= reply.Layer; layer++)
        {
            if (_options.Via.Layers[^layer].Dscp is { } dscp && dscp != _options.Dscp)
            {
                return false;
            }
        }

        return true;
    }

    private static string Describe(InterfaceInformation information)
    {
        var role = information.Role switch
        {
            0 => "incoming interface",
            1 => "sub-IP component",
            2 => "outgoing interface",
            _ => "next hop",
        };
        var parts = new List<string> { role };
        if (information.Name is { } name)
        {
            parts.Add(name);
        }

        if (information.Index is { } index)
        {
            parts.Add($"index {index}");
        }

        if (information.Address is { } address)
        {
            parts.Add(address.ToString());
        }

        if (information.Mtu is { } mtu)
        {
            parts.Add($"mtu {mtu}");
        }

        return string.Join(' ', parts);
    }

    private FlowEvidence BuildFlow(Flow flow, int index)
    {
        var state = _state.Flows[index];

        // A flow that never got there is measured where the others end.
        var end = _state.Find(index, state.ReachedTtl > 0 ? state.ReachedTtl : _state.Flows.Max(other => other.ReachedTtl));
        var target = end?.Nodes.Where(node => node.Address == _options.Target).ToArray() ?? [];
        var byTarget = target.Sum(node => node.Received);
        var (sent, received) = (0, 0);
        for (var ttl = _options.FirstTtl; ttl <= _options.MaxTtl; ttl++)
        {
            if (_state.Find(index, ttl) is { } hop && (state.LastTtl == 0 || ttl <= state.LastTtl))
            {
                sent += hop.Sent;
                received += hop.Received;
            }
        }

        var isIcmp = _options.Protocol == ProbeProtocol.Icmp;
        var kind = KindOfFlows();
        return new FlowEvidence
        {
            Id = flow.Id,
            Kind = kind,
            SourcePort = isIcmp ? null : flow.SourcePort,
            DestinationPort = isIcmp ? null : flow.DestinationPort,
            IcmpChecksum = isIcmp ? flow.IcmpChecksum : null,
            FlowLabel = kind == FlowKind.FlowLabel
                ? (int)ProbeWriter.OuterFlowLabel(_options.Source, _options.Target, _options.Protocol, flow)
                : _options.Target.IsV6 ? (int)flow.FlowLabel : null,
            OuterSourcePort = ProbeWriter.OuterSourcePort(_options.Via, _options.Source, _options.Target, _options.Protocol, flow),
            Reached = state.ReachedTtl != 0,
            Sent = sent,
            Received = received,
            ReachedTtl = state.ReachedTtl != 0 ? state.ReachedTtl : null,
            SentToTarget = end?.Sent - end?.Received + byTarget,
            AnsweredByTarget = end is null ? null : byTarget,
            RttNs = RttStatistics.Of(target),
        };
    }

    /// <summary>What tells the flows apart for the routers on the way: those of a tunnel see its outermost header.</summary>
    private FlowKind KindOfFlows() => _options switch
    {
        { SweepsOuter: true, Via.Layers: [UdpEncapsulation { SourcePort: null }, ..] } => FlowKind.OuterPort,
        { SweepsOuter: true, Via.Layers: [{ Remote.IsV6: true }, ..] } => FlowKind.FlowLabel,
        { Protocol: ProbeProtocol.Icmp } => FlowKind.IcmpChecksum,
        { Protocol: ProbeProtocol.Tcp or ProbeProtocol.Udp } => FlowKind.Ports,
        _ => throw new UnreachableException($"nobody said what tells flows over {_options.Protocol} apart"),
    };

    private ProbeEvidence BuildProbe(ProbeRecord probe) => new()
    {
        Id = probe.Number,
        Ttl = probe.Ttl,
        Flow = _state.Flows[probe.Flow].Flow.Id,
        Size = _options.Size,
        SentNs = probe.SentNs - _zeroNs,
        RttNs = probe.Answer is { Ambiguous: false } answer ? answer.RttNs : null,
        From = probe.Answer?.From.ToString(),
        Kind = probe.Answer?.Kind,
        Type = probe.Answer is { } typed && ReplyKinds.IsIcmp(typed.Kind) ? typed.Type : null,
        Code = probe.Answer is { } coded && ReplyKinds.IsIcmp(coded.Kind) ? coded.Code : null,
        Mtu = probe.Answer?.Mtu,
    };
}
