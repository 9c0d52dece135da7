using Probe.Core.Linux;
using Probe.Core.Vocabulary;

namespace Probe.Core.Conversations;

/// <summary>How conversations end.</summary>
internal static class ConversationEnd
{
    /// <summary>
    /// Octets after which a peer has sent more than any test has use for: a transfer with its report takes less than 50,000.
    /// </summary>
    public const int MostReceived = 64 * 1024;

    /// <summary>How one ended.</summary>
    /// <param name="errno">The error number that ended it; 0 for none.</param>
    /// <param name="peerHasClosed">The peer sends no more.</param>
    public static TcpEnd Of(int errno, bool peerHasClosed) => errno switch
    {
        0 => peerHasClosed ? TcpEnd.Closed : TcpEnd.Flooded,
        Errno.ECONNREFUSED => TcpEnd.Refused,
        Errno.ECONNRESET or Errno.EPIPE => TcpEnd.Reset,
        Errno.ETIMEDOUT => TcpEnd.Timeout,
        _ => TcpEnd.Unreachable,
    };
}
