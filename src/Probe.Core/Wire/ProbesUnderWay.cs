using Probe.Core.Packets;
using Probe.Core.Probing;

namespace Probe.Core.Wire;

/// <summary>The probes that may still be answered, by number, whoever keeps them.</summary>
internal abstract class ProbesUnderWay
{
    /// <summary>The largest number; 0 where numbers do not rise with time, so that nothing can be searched by age.</summary>
    public abstract int Newest { get; }

    /// <summary>The probe with this number; a null reference when there is none, or it is forgotten.</summary>
    public abstract ref readonly ProbePacket Probe(int number);

    /// <summary>An answer was matched to it.</summary>
    public abstract bool IsAnswered(int number);

    /// <summary>
    /// A probe whose number has this residue modulo <see cref="ProbeCookies.TagCycle"/>, the newest first; 0 when there is none.
    /// </summary>
    public abstract int FirstWithResidue(int residue);

    /// <summary>
    /// The datagram between these ends that carries octets of somebody's own (<see cref="ProbePacket.Payload"/>); 0 when there is none.
    /// </summary>
    public virtual int BetweenEnds(IpAddress target, ushort targetPort, ushort localPort) => 0;

    /// <summary>The next probe with the same residue; 0 or a number without a probe when there is none.</summary>
    public abstract int NextWithResidue(int number);
}
