using Probe.Core.Packets;
using Probe.Core.Probing;

namespace Probe.Core.Wire;

/// <summary>
/// Writes whole packets as they leave this host: probes and the resets that end what they half opened, with the tunnels' headers around
/// them.
/// </summary>
internal sealed class PacketBuilder(ProbeCookies cookies)
{
    private readonly ProbeWriter _writer = new(cookies);
    private readonly OuterSequence _sequence = new();

    /// <summary>Writes a probe; all of its headers with its identification, as an error may quote no more than the outermost.</summary>
    /// <param name="probe">What to send.</param>
    /// <param name="room">Room for its size and what the tunnels add.</param>
    /// <returns>The octets of all.</returns>
    public int Write(in ProbePacket probe, Span<byte> room)
    {
        if (probe.Via.IsEmpty)
        {
            return _writer.Write(probe, room);
        }

        var length = _writer.Write(probe, room[probe.Via.Overhead..]);
        return EncapsulationWriter.Wrap(probe.Via, room, length,
            new OuterFields { Id = _writer.IpIdOf(probe), Ttl = probe.OuterTtl, Sequence = _sequence.Next() });
    }

    /// <summary>
    /// Writes what ends a connection that a wrapped SYN has half opened, by the same way. The kernel's own reset would go straight to the
    /// target, past the real server that answered, so it is kept mute (<see cref="HeldPortMode.KernelMute"/>). It is no probe: its number
    /// is 0.
    /// </summary>
    /// <param name="syn">The SYN.</param>
    /// <param name="acknowledged">Acknowledgment number of the SYN-ACK.</param>
    /// <param name="room">Room for the packet.</param>
    /// <returns>The octets of all.</returns>
    public int WriteReset(in ProbePacket syn, uint acknowledged, Span<byte> room)
    {
        var length = ProbeWriter.WriteReset(syn, acknowledged, room[syn.Via.Overhead..]);
        return syn.Via.IsEmpty ? length : EncapsulationWriter.Wrap(syn.Via, room, length, new OuterFields { Sequence = _sequence.Next() });
    }
}
