using Probe.Core.Vocabulary;

namespace Probe.Core.Conversations;

/// <summary>The handshake of one conversation, step by step.</summary>
internal sealed class Opening
{
    /// <summary>How often to step, nanoseconds: a SYN-ACK wakes nobody.</summary>
    public const long StepNs = 1_000_000;

    private readonly long _untilNs;

    /// <summary>Sends the SYN.</summary>
    /// <exception cref="Linux.LinuxException">The socket could not be made as asked.</exception>
    public Opening(ITcpStack stack, TcpConversationOptions to, long timeoutNs)
    {
        _untilNs = stack.NowNs + timeoutNs;
        Over = stack.Open(to);
    }

    /// <summary>The connection.</summary>
    public IConversation Over { get; }

    /// <summary>The handshake was done in time.</summary>
    public bool IsConnected => End == TcpEnd.Done;

    /// <summary>How the handshake ended: <see cref="TcpEnd.Done"/> where the connection stands; null while it goes on.</summary>
    public TcpEnd? End { get; private set; }

    /// <summary>Looks how it stands.</summary>
    public void Step(long nowNs, bool stopped)
    {
        if (End is not null)
        {
            return;
        }

        // A refusal is told by the next read.
        Over.Discard();
        End = stopped ? TcpEnd.Interrupted
            : Over.IsConnected ? TcpEnd.Done
            : Over.IsOver ? Over.End
            : nowNs >= _untilNs ? TcpEnd.Timeout
            : null;
    }
}
