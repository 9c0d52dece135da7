using Probe.Core.Packets;
using Probe.Core.Probing;
using Probe.Core.Wire;

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
    private readonly OuterSequence _sequence = new();

    /// <summary>Puts the packet that stands behind its outer headers' room into them; returns the length of all.</summary>
    private int Wrap(EncapsulationStack via, ushort id, Span<byte> packet, int innerLength) =>
        via.IsEmpty ? innerLength : EncapsulationWriter.Wrap(via, packet, innerLength, new OuterFields { Id = id, Sequence = _sequence.Next() });

    /// <summary>Ends what an answer to a tunnelled SYN shows at the server, be the check over or not.</summary>
    private void ResetThroughTunnel(ref RawSlot slot, uint acknowledged)
    {
        if (!slot.Via.IsEmpty && _resets.Count < MostResets)
        {
            _resets.Enqueue(new TunnelReset(PacketOf(ref slot), acknowledged));
        }
    }

    private void Write(in TunnelReset reset)
    {
        var packet = _batch.Room;
        var length = ProbeWriter.WriteReset(reset.Syn, reset.Acknowledged, packet[reset.Syn.Via.Overhead..]);
        _batch.Add(Wrap(reset.Syn.Via, id: 0, packet, length), number: 0);
    }

    /// <summary>
    /// The check whose outer packet an ICMP error quotes. A router need quote no more than eight octets behind the outer header (RFC 792), so the
    /// outer addresses, length and identification must do; an IPv6 error quotes enough for the SYN inside.
    /// </summary>
    private bool TryFindOutside(in IpPacket quoted, out int index)
    {
        index = -1;
        if (!_ports.HasMuted || !MaySearch())
        {
            return false;
        }

        for (index = 0; index < _slots.Capacity; index++)
        {
            ref var slot = ref _slots[index];
            if (slot.Number != 0 && slot.SentNs != 0 && !slot.Via.IsEmpty && Quotes(ref slot, quoted))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The quote begins with one of the headers that the SYN wears, and all that it shows of it and of those inside agrees.</summary>
    private bool Quotes(ref RawSlot slot, in IpPacket quoted)
    {
        var layers = slot.Via.Layers.AsSpan();
        for (; !layers.IsEmpty; layers = layers[1..])
        {
            if (quoted.Source != layers[0].Source)
            {
                continue;
            }

            switch (TunnelQuote.Peel(layers, quoted, out var inner))
            {
                case Peeled.Whole when inner.Destination == slot.Address && inner.Protocol == IpProtocol.Tcp
                    && QuotedTransport.TryRead(inner.Payload, IpProtocol.Tcp, out var tcp) && _cookies.NumberOfTcpSequence(tcp.Sequence) == slot.Number:
                case Peeled.Short when !quoted.IsV6 && quoted.Id == _cookies.IpId(slot.Number)
                    && quoted.TotalLength == TunnelQuote.LengthOf(layers, ProbeWriter.DefaultSize(slot.Address.IsV6)):
                    return true;
            }
        }

        return false;
    }

    private readonly record struct TunnelReset(ProbePacket Syn, uint Acknowledged);
}
