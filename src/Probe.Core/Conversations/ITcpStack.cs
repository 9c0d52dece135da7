using Probe.Core.Evidence;
using Probe.Core.Host;
using Probe.Core.Wire;

namespace Probe.Core.Conversations;

/// <summary>
/// The TCP of one host, with its clock: this host's kernel, or a simulated network under virtual time. One thread owns it; the only time
/// that passes under a simulated one passes in <see cref="Wait"/>.
/// </summary>
internal interface ITcpStack : IDisposable
{
    /// <summary>Nanoseconds of its clock.</summary>
    long NowNs { get; }

    /// <summary>Begins a connection; <see cref="IConversation.IsConnected"/> tells when it stands.</summary>
    /// <exception cref="Linux.LinuxException">The socket could not be made as asked.</exception>
    IConversation Open(TcpConversationOptions options);

    /// <summary>Waits until something new can be read from a conversation, or the time has come, or another thread wakes it.</summary>
    void Wait(long untilNs);

    /// <summary>Ends a wait, from any thread.</summary>
    void Wake();

    /// <summary>The path MTU that the host has learned for a destination; null when it has learned none.</summary>
    /// <exception cref="Linux.LinuxException">There is no route.</exception>
    LearnedPathMtu? LearnedPathMtu(TcpConversationOptions to);

    /// <summary>The host's network counters now.</summary>
    CounterSnapshot ReadCounters();

    /// <summary>
    /// A port on which the ICMP errors of a destination's family arrive from now on; null where this process may not see them.
    /// </summary>
    IPacketPort? OpenErrors(TcpConversationOptions to);
}
