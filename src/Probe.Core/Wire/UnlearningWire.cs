using Probe.Core.Probing;
using Probe.Core.Vocabulary;

namespace Probe.Core.Wire;

/// <summary>
/// Keeps the kernel from acting on what it learns of our own ICMPv6 echo requests: a Packet Too Big would make it refuse the next large
/// ones, so that the path could not be asked any more. What it learned is taken back before anything else is sent.
/// </summary>
/// <param name="wire">Carries the probes; disposed with this one.</param>
/// <param name="unlearn">Takes back what our probes caused.</param>
internal sealed class UnlearningWire(IWire wire, Action unlearn) : IWire
{
    /// <inheritdoc/>
    public long NowNs => wire.NowNs;

    /// <inheritdoc/>
    public SendStatus Send(in ProbePacket probe) => wire.Send(probe);

    /// <inheritdoc/>
    public void Send(ReadOnlySpan<ProbePacket> probes, Span<SendStatus> status) => wire.Send(probes, status);

    /// <inheritdoc/>
    public void Receive(long untilNs, List<Reply> replies)
    {
        var before = replies.Count;
        wire.Receive(untilNs, replies);
        for (var i = before; i < replies.Count; i++)
        {
            if (replies[i].Kind == ReplyKind.PacketTooBig)
            {
                unlearn();
                return;
            }
        }
    }

    /// <inheritdoc/>
    public PortLosses ReadLosses() => wire.ReadLosses();

    /// <inheritdoc/>
    public void Dispose() => wire.Dispose();
}
