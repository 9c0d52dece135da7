using Probe.Core.Linux.Sockets;
using Probe.Core.Linux;
using static Probe.Core.Linux.SystemConstants;

namespace Probe.Core.Conversations;

/// <summary>Clock, waiting and cancellation of the one thread that holds conversations; every wait is short and ends when the user stops the run.</summary>
internal sealed class ConversationLoop : IDisposable
{
    private const long ConnectStepNs = 1_000_000;

    private readonly Epoll _epoll = new();
    private readonly WakeEvent _wake = new();
    private readonly epoll_event[] _events = new epoll_event[16];
    private readonly byte[] _discarded = new byte[64 * 1024];
    private readonly CancellationTokenRegistration _registration;
    private readonly CancellationToken _stop;

    public ConversationLoop(CancellationToken stop)
    {
        _stop = stop;
        _epoll.Add(_wake.Descriptor, EPOLLIN, 0);
        _registration = stop.Register(_wake.Set);
    }

    /// <summary>Nanoseconds of CLOCK_MONOTONIC.</summary>
    public static long NowNs => Clock.Monotonic;

    /// <summary>The user stopped the run.</summary>
    public bool IsStopped => _stop.IsCancellationRequested;

    /// <summary>Wakes a wait when something new comes, until it is closed; a connection at its end, readable for ever, wakes but once.</summary>
    public void Watch(FileDescriptor descriptor) => _epoll.Add(descriptor, EPOLLIN | EPOLLET, 0);

    /// <summary>Waits so many nanoseconds, or until something that is watched is readable, or the run is stopped.</summary>
    public void Wait(long ns)
    {
        if (!IsStopped && ns > 0)
        {
            _epoll.Wait(_events, ns);
        }
    }

    /// <summary>Begins a connection, watches it, and waits until it stands, has failed or the time is over.</summary>
    /// <returns>The connection; whether it stands says <see cref="TcpConversation.IsConnected"/>.</returns>
    public TcpConversation Connect(TcpConversationOptions options, long untilNs)
    {
        var conversation = TcpConversation.Begin(options);
        Watch(conversation.Descriptor);
        while (!conversation.IsConnected && !conversation.IsOver && NowNs < untilNs && !IsStopped)
        {
            Wait(Math.Min(ConnectStepNs, untilNs - NowNs));
            Drain(conversation);
        }

        return conversation;
    }

    /// <summary>Reads what came and throws it away.</summary>
    public void Drain(TcpConversation conversation)
    {
        bool more;
        do
        {
            more = !conversation.IsOver && conversation.Receive(_discarded) > 0;
        }
        while (more);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _registration.Dispose();
        _epoll.Dispose();
        _wake.Dispose();
    }
}
