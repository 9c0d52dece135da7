using System.Collections.Immutable;
using Probe.Core.Packets;

namespace Probe.Lab.Simulation;

/// <summary>Balances what comes to virtual addresses over real servers behind tunnels.</summary>
internal sealed class DirectorBehaviour : INodeBehaviour
{
    private readonly DirectorSpec _spec;
    private readonly ServerChoice _choice;
    private readonly ImmutableArray<Tunnel> _tunnels;
    private readonly TunnelErrors _errors;

    public DirectorBehaviour(DirectorSpec spec, ulong seed)
    {
        _spec = spec;
        _choice = new ServerChoice(spec, seed);
        _tunnels = [.. spec.Servers.Select(server => new Tunnel(server))];
        _errors = new TunnelErrors(spec);
    }

    public NodeAction Local(SimulatedNode node, SimulatedPacket packet)
    {
        if (_errors.Take(node, packet))
        {
            return NodeAction.Taken;
        }

        if (!_spec.Addresses.Contains(packet.Destination) || _choice.For(packet) is not (>= 0 and var server))
        {
            return NodeAction.Pass;
        }

        Forward(node, packet, _tunnels[server]);
        return NodeAction.Taken;
    }

    /// <summary>
    /// The outer packets in which one that nobody has seen before may leave, with their overhead; none for the director's own.
    /// </summary>
    /// <param name="node">The director.</param>
    /// <param name="packet">A packet to a virtual address.</param>
    /// <param name="anyServer">Of every server, not only of this flow's.</param>
    internal IEnumerable<(byte[] Octets, int Overhead)> Outer(SimulatedNode node, SimulatedPacket packet, bool anyServer)
    {
        var server = _spec.Addresses.Contains(packet.Destination) ? _choice.ForFirst(packet) : -1;
        foreach (var tunnel in server < 0 ? [] : anyServer ? _tunnels : _tunnels.Slice(server, 1))
        {
            yield return (tunnel.Wrap(node, packet, TtlFor(packet, tunnel), packet.DontFragment), tunnel.Overhead);
        }
    }

    private void Forward(SimulatedNode node, SimulatedPacket packet, Tunnel tunnel)
    {
        if (_spec.Mode == DirectorMode.Ipvs)
        {
            if (packet.Ttl <= 1)
            {
                node.SendError(packet, IcmpErrors.Expired(packet.IsV6), AnswerFrom.Destination);
                node.Drop(packet, DropReason.Expired);
                return;
            }

            packet.Decrement();
        }

        var outer = tunnel.Wrap(node, packet, TtlFor(packet, tunnel), packet.DontFragment);
        var mtu = node.MtuFor(outer);
        if (mtu > 0 && outer.Length > mtu && packet.DontFragment && !tunnel.Fragments)
        {
            // sit and ip6_tunnel: what every IPv6 link carries goes through in fragments of the outer packet.
            if (!packet.IsV6 || packet.Length > PathMtus.SmallestV6)
            {
                SayTooBig(node, packet, mtu - tunnel.Overhead);
                return;
            }

            outer = tunnel.Wrap(node, packet, TtlFor(packet, tunnel), dontFragment: false);
        }

        node.SendWrapped(packet, outer);
    }

    private void SayTooBig(SimulatedNode node, SimulatedPacket packet, int limit)
    {
        // IPVS answers from the address asked for, whatever the interface (it works in LOCAL_IN).
        if (_spec.SaysTooBig)
        {
            node.SendError(packet,
                IcmpErrors.TooBig(packet.IsV6, _spec.ToldMtu ?? (uint)Math.Max(limit, packet.IsV6 ? PathMtus.SmallestV6 : 0)),
                AnswerFrom.Destination);
        }
        else
        {
            node.NoteUnanswered(packet, DropReason.Silent);
        }

        node.Drop(packet, DropReason.TooBig);
    }

    private byte TtlFor(SimulatedPacket packet, Tunnel tunnel) => _spec.Mode == DirectorMode.Ipvs && !tunnel.HasTtl ? packet.Ttl : (byte)0;

    /// <summary>The way to one real server.</summary>
    private sealed class Tunnel
    {
        private readonly ImmutableArray<Encapsulation> _layers;
        private readonly EncapsulationStack _whole;
        private readonly EncapsulationStack _inPieces;

        public Tunnel(RealServer server)
        {
            _layers = server.Via;
            _whole = new EncapsulationStack([.. server.Via.Select(layer => layer with { DontFragment = layer.DontFragment ?? true })]);
            _inPieces = new EncapsulationStack([.. server.Via.Select(layer => layer with { DontFragment = layer.DontFragment ?? false })]);
            Overhead = _whole.Overhead;
        }

        public int Overhead { get; }

        public bool HasTtl => _layers is [{ Ttl: not null }, ..];

        /// <summary>The outer packets are said to be without DF.</summary>
        public bool Fragments => _layers is [{ DontFragment: false, Remote.IsV4: true }, ..];

        public byte[] Wrap(SimulatedNode node, SimulatedPacket packet, byte ttl, bool dontFragment)
        {
            var outer = new byte[Overhead + packet.Length];
            packet.Octets.CopyTo(outer.AsSpan(Overhead));
            var fields = new OuterFields
            {
                Id = node.NextId(),
                Ttl = ttl,
                Sources = [.. _layers.Select(layer => !layer.Source.IsNone ? layer.Source : layer.Remote.IsV6 ? node.OwnV6 : node.OwnV4)],
            };
            EncapsulationWriter.Wrap(dontFragment ? _whole : _inPieces, outer, packet.Length, fields);
            return outer;
        }
    }
}
