using System.Collections.Immutable;
using Probe.Core.Linux;
using Probe.Core.Packets;

namespace Probe.Core.Health;

/// <content>
/// Checks through tunnels: the SYN goes to one server behind an address that many have, the answer comes straight from that address, and what ends the
/// half-open connection must take the SYN's way.
/// </content>
public sealed partial class RawEngine
{
    // Answers of so many checks in one look; beyond, the servers send theirs again after a second.
    private const int MostResets = 4096;

    private readonly Queue<TunnelReset> _resets = new();

    /// <summary>Puts the packet that stands behind its outer headers' room into them; returns the length of all.</summary>
    private static int Wrap(EncapsulationStack via, ImmutableArray<IpAddress> sources, ushort id, Span<byte> packet, int innerLength) =>
        via.IsEmpty ? innerLength : EncapsulationWriter.Wrap(via, packet, innerLength, new OuterFields { Id = id, Sources = sources });

    /// <summary>Ends what an answer to a tunnelled SYN shows at the server, be the check over or not.</summary>
    private void ResetThroughTunnel(ref RawSlot slot, uint acknowledged)
    {
        if (!slot.Via.IsEmpty && _resets.Count < MostResets)
        {
            _resets.Enqueue(new TunnelReset(slot.Via, slot.OuterSources, slot.Source, slot.Address, slot.LocalPort, slot.Port, acknowledged));
        }
    }

    // What the kernel would send: a bare RST whose sequence number is what the other end acknowledged (RFC 9293 3.10.7.1).
    private void Write(in TunnelReset reset)
    {
        var packet = _batch.Room;
        var inner = packet[reset.Via.Overhead..];
        var header = reset.To.IsV6 ? IPv6Header.Length : IPv4Header.MinimumLength;
        var segment = inner.Slice(header, TcpHeader.MinimumLength);
        var fields = new TcpFields { SourcePort = reset.FromPort, DestinationPort = reset.ToPort, Sequence = reset.Sequence, Flags = TcpFlags.Rst };
        TcpHeader.Write(segment, fields);
        TransportChecksum.Write(segment, IpProtocol.Tcp, reset.From, reset.To);
        var trafficClass = (byte)(_dscp << 2);
        if (reset.To.IsV6)
        {
            IPv6Header.Write(inner, new IPv6Fields
            {
                TrafficClass = trafficClass, FlowLabel = _flowLabel, NextHeader = IpProtocol.Tcp, HopLimit = TimeToLive, Source = reset.From, Destination = reset.To,
            }, segment.Length);
        }
        else
        {
            IPv4Header.Write(inner, new IPv4Fields
            {
                TrafficClass = trafficClass, DontFragment = true, Ttl = TimeToLive, Protocol = IpProtocol.Tcp, Source = reset.From, Destination = reset.To,
            }, segment.Length);
        }

        _batch.Add(Wrap(reset.Via, reset.Outside, id: 0, packet, header + segment.Length), number: 0);
    }

    /// <summary>
    /// The check whose outer packet an ICMP error quotes. A router need quote no more than eight octets behind the outer header (RFC 792), so the
    /// outer addresses, length and identification must do; an IPv6 error quotes enough for the SYN inside.
    /// </summary>
    private bool TryFindOutside(ReadOnlySpan<byte> octets, in IpPacket quoted, out int index)
    {
        index = -1;
        if (!_ports.HasMuted || !MaySearch())
        {
            return false;
        }

        for (index = 0; index < _slots.Capacity; index++)
        {
            ref var slot = ref _slots[index];
            if (slot.Number != 0 && slot.SentNs != 0 && !slot.Via.IsEmpty && Quotes(ref slot, octets, quoted))
            {
                return true;
            }
        }

        return false;
    }

    private bool Quotes(ref RawSlot slot, ReadOnlySpan<byte> octets, in IpPacket quoted)
    {
        var outermost = slot.Via.Layers[0];
        if (quoted.Destination != outermost.Remote || quoted.Source != slot.OuterSources[0] || quoted.Protocol != outermost.ProtocolFor(InnerOfFirst(ref slot).IsV6))
        {
            return false;
        }

        if (!quoted.IsV6)
        {
            return quoted.Id == _cookies.IpId(slot.Number);
        }

        var at = slot.Via.Overhead;
        return octets.Length > at
            && IpPacket.TryReadQuote(octets[at..], out var inner)
            && QuotedTransport.TryRead(inner.Payload, IpProtocol.Tcp, out var tcp)
            && _cookies.NumberOfTcpSequence(tcp.Sequence) == slot.Number;
    }

    private static IpAddress InnerOfFirst(ref RawSlot slot) => slot.Via.Layers.Length > 1 ? slot.Via.Layers[1].Remote : slot.Address;

    private readonly record struct TunnelReset(
        EncapsulationStack Via, ImmutableArray<IpAddress> Outside, IpAddress From, IpAddress To, ushort FromPort, ushort ToPort, uint Sequence);
}
