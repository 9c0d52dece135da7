using Probe.Core.Conversations;
using Probe.Core.Evidence;

namespace Probe.Core.TcpTests;

/// <summary>
/// Provokes the stall of connections whose path MTU is learned while they are open. A, B and C are opened first; A fills a segment and so
/// teaches the host the path MTU; B then builds its segments by the old one, its own kernel refuses them, nothing is on its way that an
/// acknowledgment could come for, and only the persist timer sends again, after 200 ms or more. D, opened afterwards, knows better. The
/// host's route cache is changed by design. Runs on the calling thread.
/// </summary>
public static class TcpStall
{
    /// <summary>Runs the test.</summary>
    /// <param name="options">Whom and what.</param>
    /// <param name="stop">Ends it; what was seen until then is returned.</param>
    /// <exception cref="Linux.LinuxException">A socket could not be made as asked, or there is no route.</exception>
    public static TcpStallEvidence Run(TcpTestOptions options, CancellationToken stop = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        using var stack = new KernelTcpStack();
        return Run(options, stack, stop);
    }

    /// <summary>Runs the test over any TCP.</summary>
    internal static TcpStallEvidence Run(TcpTestOptions options, ITcpStack stack, CancellationToken stop = default)
    {
        using var test = new TcpStallTest(options, stack);
        ConversationLoop.Run(test, stack, stop);
        return test.Conclude();
    }
}
