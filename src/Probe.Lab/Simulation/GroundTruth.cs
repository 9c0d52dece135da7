using System.Buffers.Binary;
using System.Collections.Immutable;
using Probe.Core.Packets;

namespace Probe.Lab.Simulation;

/// <summary>
/// What is true of a network, worked out from its description and not by sending: where a packet goes, who may answer it at each TTL, what
/// lies between. Routes are taken as they are at one instant. Of a NAT that hands out ports the truth knows the first it gives, of a
/// director what it does with a packet of no connection that it knows. Through tunnels it follows <see cref="Paths(ReadOnlySpan{byte},
/// long)"/> and <see cref="PathMtu"/>; who answers from behind one (<see cref="At"/>, <see cref="Graph"/>) it does not tell.
/// </summary>
public sealed class GroundTruth
{
    private const int MostPaths = 4096;
    private const int LongestPath = 255;

    private readonly SimulatedNetwork _network;

    public GroundTruth(Topology topology) =>
        _network = new SimulatedNetwork(topology with { Noise = [] }, new NetworkOptions { Journal = JournalDetail.Off });

    /// <summary>A packet of a flow, good enough to ask about: right addresses, ports, label and size; its checksums are not.</summary>
    public static byte[] Template(in FlowKey flow, int size = 60)
    {
        var packet = new byte[Math.Max(size, flow.Destination.IsV6 ? 80 : 60)];
        var header = flow.Destination.IsV6
            ? IPv6Header.Write(packet, new IPv6Fields
            {
                TrafficClass = flow.TrafficClass, FlowLabel = flow.FlowLabel, NextHeader = flow.Protocol, HopLimit = 64,
                Source = flow.Source, Destination = flow.Destination,
            }, packet.Length - IPv6Header.Length)
            : IPv4Header.Write(packet, new IPv4Fields
            {
                TrafficClass = flow.TrafficClass, DontFragment = true, Ttl = 64, Protocol = flow.Protocol, Source = flow.Source,
                Destination = flow.Destination,
            }, packet.Length - IPv4Header.MinimumLength);
        var segment = packet.AsSpan(header);
        switch (flow.Protocol)
        {
            case IpProtocol.Tcp:
                TcpHeader.Write(segment,
                    new TcpFields { SourcePort = flow.SourcePort, DestinationPort = flow.DestinationPort, Flags = TcpFlags.Syn });
                break;
            case IpProtocol.Udp:
                UdpHeader.Write(segment, flow.SourcePort, flow.DestinationPort, segment.Length - UdpHeader.Length);
                break;
            default:
                segment[0] = flow.Destination.IsV6 ? IcmpType.EchoRequestV6 : IcmpType.EchoRequest;
                BinaryPrimitives.WriteUInt16BigEndian(segment[2..], flow.IcmpChecksum);
                BinaryPrimitives.WriteUInt16BigEndian(segment[4..], flow.IcmpIdentifier);
                BinaryPrimitives.WriteUInt16BigEndian(segment[6..], flow.IcmpSequence);
                break;
        }

        return packet;
    }

    /// <summary>What may answer a packet that leaves with this TTL.</summary>
    public TrueHop At(ReadOnlySpan<byte> packet, int ttl, long atNs = 0)
    {
        var walk = new TruthWalk(_network, atNs);
        walk.Send(packet, ttl);
        return new TrueHop(ttl, [.. walk.Replies.Order(ReplyOrder)], walk.IsCertain);
    }

    /// <summary>What may answer at each TTL from 1.</summary>
    public ImmutableArray<TrueHop> Hops(ReadOnlySpan<byte> packet, int maxTtl = 30, long atNs = 0)
    {
        var hops = ImmutableArray.CreateBuilder<TrueHop>(maxTtl);
        for (var ttl = 1; ttl <= maxTtl; ttl++)
        {
            hops.Add(At(packet, ttl, atNs));
        }

        return hops.MoveToImmutable();
    }

    /// <summary>The paths that packets of this one flow may take: one, unless some balancer chooses per packet.</summary>
    public ImmutableArray<TruePath> Paths(ReadOnlySpan<byte> packet, long atNs = 0) => Paths(packet, FlowFields.None, atNs);

    /// <summary>The paths over all flows that differ from this packet in the stated fields.</summary>
    public ImmutableArray<TruePath> Paths(ReadOnlySpan<byte> packet, FlowFields varied, long atNs = 0)
    {
        var paths = ImmutableArray.CreateBuilder<TruePath>();
        Follow(TruthStep.First(_network, packet, varied, atNs), [], [], [], paths);
        return paths.ToImmutable();
    }

    /// <summary>
    /// The largest packet with DF that arrives, whichever way this flow goes: of its size as the vantage host sends it. Who is behind a
    /// tunnel of the vantage host's own takes the overhead off.
    /// </summary>
    public int PathMtu(ReadOnlySpan<byte> packet, long atNs = 0) => Paths(packet, atNs).Min(path => path.Mtu);

    /// <summary>Nodes and links over all flows that differ from this packet in the stated fields, up to a TTL.</summary>
    public TrueGraph Graph(ReadOnlySpan<byte> packet, FlowFields varied, int maxTtl = 30, long atNs = 0)
    {
        var (nodes, links) = (new HashSet<TrueNode>(), new HashSet<TrueLink>());
        var seen = new HashSet<(int Channel, int Ttl)>();
        var waiting = new Queue<(TruthStep Step, int Ttl, TrueNode? Before)>();
        waiting.Enqueue((TruthStep.First(_network, packet, varied, atNs), 0, null));
        while (waiting.TryDequeue(out var next))
        {
            foreach (var channel in next.Step.Channels())
            {
                var step = next.Step.Over(channel);
                var isHidden = step.Node.Spec.Ttl == TtlHandling.Hidden && !step.IsLocal;
                var ttl = isHidden ? next.Ttl : next.Ttl + 1;
                if (ttl > maxTtl)
                {
                    continue;
                }

                var shows = step.IsLocal || step.Node.Spec.Ttl == TtlHandling.Decrement;
                var node = new TrueNode(ttl, step.Node.Name, shows ? step.AnswerAddress() : default);
                if (!isHidden)
                {
                    nodes.Add(node);
                    if (next.Before is { } before)
                    {
                        links.Add(new TrueLink(before, node));
                    }
                }

                if (!step.IsLocal && seen.Add((channel.Index, ttl)))
                {
                    waiting.Enqueue((step, ttl, isHidden ? next.Before : node));
                }
            }
        }

        return new TrueGraph(
            [.. nodes.OrderBy(node => node.Ttl).ThenBy(node => node.Name, StringComparer.Ordinal)],
            [.. links.OrderBy(link => link.From.Ttl).ThenBy(link => link.From.Name, StringComparer.Ordinal)
                .ThenBy(link => link.To.Name, StringComparer.Ordinal)]);
    }

    private static void Follow(
        TruthStep step, ImmutableList<string> nodes, ImmutableList<string> links, ImmutableList<int> mtus,
        ImmutableArray<TruePath>.Builder paths)
    {
        if (paths.Count == MostPaths)
        {
            return;
        }

        var isTunnelled = false;
        foreach (var tunnelled in nodes.Count == 0 ? [] : step.Tunnels())
        {
            isTunnelled = true;
            Follow(tunnelled, nodes, links, mtus, paths);
        }

        if (isTunnelled)
        {
            return;
        }

        // Who passes nothing on sends what it made itself all the same: then the packet came by no link.
        var ends = step.IsLocal || nodes.Count == LongestPath || (step.Inbound is not null && !step.Node.Spec.Forwards);
        var channels = ends ? [] : step.Channels();
        if (channels.Count == 0)
        {
            paths.Add(
                new TruePath([.. nodes], [.. links], mtus.LastOrDefault(), step.IsLocal && step.Added <= 0 && !step.IsUnreadable,
                [.. mtus]));
            return;
        }

        foreach (var channel in channels)
        {
            var next = step.Over(channel);
            var mtu = Math.Max(channel.Mtu - step.Added, step.InPieces);
            Follow(next, nodes.Add(next.Node.Name), links.Add(channel.Name), mtus.Add(Math.Min(mtu, mtus.Count == 0 ? mtu : mtus[^1])),
                paths);
        }
    }

    private static readonly Comparer<TrueReply> ReplyOrder = Comparer<TrueReply>.Create((a, b) =>
        a.From != b.From
            ? a.From.CompareTo(b.From)
            : (a.Protocol, a.Type, a.Code, a.Mtu, (byte)a.Flags).CompareTo((b.Protocol, b.Type, b.Code, b.Mtu, (byte)b.Flags)));
}
