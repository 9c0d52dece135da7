using System.Net.Sockets;
using System.Net;

namespace Probe.Lab.Networks;

/// <summary>
/// A service that is checked: listens on every address of a namespace and counts what accept() gives it, which for half-open checks is
/// nothing.
/// </summary>
public sealed class CheckedListener : IDisposable
{
    /// <summary>The port it listens on.</summary>
    public const ushort Port = 80;

    private readonly Socket _socket;
    private readonly Thread _thread;
    private long _accepted;

    /// <summary>Listens.</summary>
    /// <param name="name">The namespace.</param>
    /// <param name="stalled">It never accepts until it is asked how many came: an application that hangs.</param>
    public CheckedListener(string name, bool stalled = false)
    {
        _socket = KernelLab.In(name, () =>
        {
            var socket = new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp) { DualMode = true };
            socket.Bind(new IPEndPoint(IPAddress.IPv6Any, Port));
            socket.Listen(4096);
            return socket;
        });
        _thread = new Thread(Accept) { IsBackground = true };
        if (!stalled)
        {
            _thread.Start();
        }
    }

    /// <summary>Connections that accept() returned up to now, those waiting included.</summary>
    public long Accepted
    {
        get
        {
            if (_thread.ThreadState.HasFlag(ThreadState.Unstarted))
            {
                while (_socket.Poll(0, SelectMode.SelectRead))
                {
                    _socket.Accept().Dispose();
                    _accepted++;
                }
            }

            return Interlocked.Read(ref _accepted);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _socket.Dispose();
        if (_thread.IsAlive)
        {
            _thread.Join();
        }
    }

    private void Accept()
    {
        try
        {
            while (true)
            {
                _socket.Accept().Dispose();
                Interlocked.Increment(ref _accepted);
            }
        }
        catch (SocketException)
        {
            // Closed under it: the end of the run.
            return;
        }
        catch (ObjectDisposedException)
        {
            return;
        }
    }
}
