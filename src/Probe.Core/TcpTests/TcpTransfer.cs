using Probe.Core.Conversations;
using Probe.Core.Evidence;
using Probe.Core.Vocabulary;

namespace Probe.Core.TcpTests;

/// <summary>
/// The same octets over one connection each, spaced, in pairs and in bulk: what is lost only beside other segments was merged on the way,
/// and whoever merges it loses it. The download direction needs a <see cref="TcpResponder"/> at the target. Runs on the calling thread.
/// </summary>
public static class TcpTransfer
{
    /// <summary>Most octets of one connection: three each way and a stall test stay within the 256 KiB of a run.</summary>
    public const int MaxOctets = 32_000;

    /// <summary>Sends to the target.</summary>
    /// <param name="options">Whom and what.</param>
    /// <param name="stop">Ends it; what was seen until then is returned.</param>
    /// <exception cref="Linux.LinuxException">A socket could not be made as asked.</exception>
    public static TcpTransferEvidence Upload(TcpTestOptions options, CancellationToken stop = default) =>
        Run(options, TcpDirection.Upload, stop);

    /// <summary>Has a responder of ours at the target send.</summary>
    /// <inheritdoc cref="Upload"/>
    public static TcpTransferEvidence Download(TcpTestOptions options, CancellationToken stop = default) =>
        Run(options, TcpDirection.Download, stop);

    /// <summary>Runs the test over any TCP.</summary>
    internal static TcpTransferEvidence Run(TcpTestOptions options, TcpDirection direction, ITcpStack stack,
        CancellationToken stop = default)
    {
        using var test = new TcpTransferTest(options, direction, stack);
        ConversationLoop.Run(test, stack, stop);
        return test.Conclude();
    }

    private static TcpTransferEvidence Run(TcpTestOptions options, TcpDirection direction, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(options);
        using var stack = new KernelTcpStack();
        return Run(options, direction, stack, stop);
    }
}
