using Probe.Core.Evidence;
using Probe.Core.Host;
using Probe.Core.Linux;
using Probe.Core.Linux.Sockets;
using Probe.Core.Wire;
using static Probe.Core.Linux.WaitConstants;

namespace Probe.Core.Conversations;

/// <summary>The TCP of this host's kernel, in the calling thread's network namespace; its clock is CLOCK_MONOTONIC.</summary>
internal sealed class KernelTcpStack : ITcpStack
{
    private readonly Epoll _epoll = new();
    private readonly WakeEvent _wake = new();
    private readonly epoll_event[] _events = new epoll_event[16];

    /// <summary>Prepares to wait.</summary>
    /// <exception cref="LinuxException">No descriptor is left.</exception>
    public KernelTcpStack() => _epoll.Add(_wake.Descriptor, EPOLLIN, 0);

    /// <inheritdoc/>
    public long NowNs => Clock.Monotonic;

    /// <inheritdoc/>
    public IConversation Open(TcpConversationOptions options)
    {
        var conversation = KernelConversation.Begin(options);
        Watch(conversation.Descriptor);
        return conversation;
    }

    /// <summary>
    /// Wakes a wait when something new comes, until it is closed; a connection at its end, readable for ever, wakes but once.
    /// </summary>
    public void Watch(FileDescriptor descriptor) => _epoll.Add(descriptor, EPOLLIN | EPOLLET, 0);

    /// <inheritdoc/>
    public void Wait(long untilNs)
    {
        if (untilNs - NowNs is > 0 and var ns)
        {
            _epoll.Wait(_events, ns);
        }
    }

    /// <inheritdoc/>
    public void Wake() => _wake.Set();

    /// <inheritdoc/>
    public LearnedPathMtu? LearnedPathMtu(TcpConversationOptions to) =>
        LearnedPathMtus.For(to.Target, to.Source, to.Interface, to.Mark);

    /// <inheritdoc/>
    public CounterSnapshot ReadCounters() => CounterSnapshot.Read();

    /// <inheritdoc/>
    public IPacketPort? OpenErrors(TcpConversationOptions to)
    {
        try
        {
            return new RawPacketPort(new RawPortOptions { IPv4 = to.Target.IsV4, IPv6 = to.Target.IsV6, TransmitStamps = false });
        }
        catch (LinuxException e) when (e.IsPermission)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _epoll.Dispose();
        _wake.Dispose();
    }
}
