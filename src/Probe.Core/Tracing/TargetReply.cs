using Probe.Core.Packets;
using Probe.Core.Probing;
using Probe.Core.Vocabulary;

namespace Probe.Core.Tracing;

/// <summary>Answers that say that the target is reached.</summary>
internal static class TargetReply
{
    /// <summary>
    /// The target's own address says anything but time-exceeded. A tunnel's end may have that address too; what it says of the tunnel's own
    /// packet is no answer to the packet inside.
    /// </summary>
    public static bool Is(in Reply reply, IpAddress target) =>
        reply.From == target && reply.Kind != ReplyKind.TimeExceeded && reply.Layer == 0;
}
