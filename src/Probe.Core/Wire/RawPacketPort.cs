using System.Collections.Frozen;
using Probe.Core.Host;
using Probe.Core.Linux.Sockets;
using Probe.Core.Linux;
using Probe.Core.Probing;
using Probe.Core.Vocabulary;
using static Probe.Core.Linux.SocketConstants;

namespace Probe.Core.Wire;

/// <summary>
/// The kernel's raw sockets as a packet port. Octets go out as given (own IP header); both ends of a round trip carry the kernel's
/// stamps; the host's route cache learns nothing from what comes back, except from a Packet Too Big that quotes an ICMPv6 echo, which the
/// kernel handles before any socket (see <see cref="HostRoutes"/>).
/// </summary>
public sealed class RawPacketPort : IPacketPort
{
    private const int BatchSize = 32;

    private readonly StampClock _clock = new();
    private readonly MessageBatch _batch;
    private readonly RawSender? _sender4;
    private readonly RawSender? _sender6;
    private readonly IReceiver[] _receivers;
    private readonly Waiter _waiter;
    private bool _warm;

    /// <summary>Opens the sockets; the run's clock starts.</summary>
    /// <exception cref="LinuxException">A socket was refused: no CAP_NET_RAW, no such interface, no IPv6.</exception>
    public RawPacketPort(RawPortOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _batch = new(BatchSize, options.KeptOctets, controlSize: 256);
        var receivers = new List<IReceiver>();
        try
        {
            // Receivers first, so that they warm up while the rest is opened.
            if (options.IPv4)
            {
                AddReceivers(receivers, v6: false, options);
            }

            if (options.IPv6)
            {
                AddReceivers(receivers, v6: true, options);
            }

            _receivers = [.. receivers];
            _sender4 = options.IPv4 ? new RawSender(v6: false, options) : null;
            _sender6 = options.IPv6 ? new RawSender(v6: true, options) : null;
            _waiter = new Waiter([.. receivers.Select(receiver => receiver.Descriptor)]);
        }
        catch
        {
            receivers.ForEach(receiver => receiver.Dispose());
            _sender4?.Dispose();
            _sender6?.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public long NowNs => _clock.NowNs;

    /// <summary>UTC at which <see cref="NowNs"/> was 0, nanoseconds since 1970.</summary>
    public long StartedUnixNs => _clock.StartedUnixNs;

    /// <summary>CLOCK_MONOTONIC at which <see cref="NowNs"/> was 0: what the clocks of several ports have in common.</summary>
    internal long StartedMonotonicNs => _clock.StartedMonotonicNs;

    /// <summary>
    /// How often the wall clock was set while packets were under way; stamps around it are the user clock's and marked so.
    /// </summary>
    public int ClockSteps => _clock.Steps;

    /// <inheritdoc/>
    public SendStatus Send(ReadOnlySpan<byte> packet, int number)
    {
        WarmUp();
        var version = packet.IsEmpty ? 0 : packet[0] >> 4;
        return version switch
        {
            4 when packet.Length >= 20 && _sender4 is { } sender => sender.Send(packet, number, _clock.NowNs),
            6 when packet.Length >= 40 && _sender6 is { } sender => sender.Send(packet, number, _clock.NowNs),
            _ => throw new ArgumentException("Not an IP packet of a family this port was opened for.", nameof(packet)),
        };
    }

    /// <inheritdoc/>
    public void Send(SendBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        WarmUp();
        _sender4?.Send(batch, _clock.NowNs);
        _sender6?.Send(batch, _clock.NowNs);
    }

    /// <inheritdoc/>
    public void Poll(long untilNs, IPacketSink sink)
    {
        ArgumentNullException.ThrowIfNull(sink);
        while (true)
        {
            var woken = _waiter.Wait(untilNs == long.MaxValue ? long.MaxValue : Math.Max(untilNs - _clock.NowNs, 0));
            var arrived = Drain(sink);
            if (woken || arrived || _clock.NowNs >= untilNs)
            {
                return;
            }
        }
    }

    /// <summary>Takes TCP and UDP answers to these local ports from now on. Call it before the first probe of a new port leaves.</summary>
    public void Listen(IReadOnlyList<ushort> localPorts)
    {
        foreach (var receiver in _receivers)
        {
            receiver.Listen(localPorts);
        }
    }

    /// <inheritdoc/>
    public void Wake() => _waiter.Wake();

    /// <inheritdoc/>
    public PortLosses ReadLosses()
    {
        var lost = 0L;
        foreach (var receiver in _receivers)
        {
            lost += receiver.Losses;
        }

        return new PortLosses(lost);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _waiter.Dispose();
        _sender4?.Dispose();
        _sender6?.Dispose();
        foreach (var receiver in _receivers)
        {
            receiver.Dispose();
        }
    }

    private static void AddReceivers(List<IReceiver> receivers, bool v6, RawPortOptions options)
    {
        var local = options.LocalTargets.Where(address => address.IsV6 == v6).ToFrozenSet();
        var transport = options.Protocol switch
        {
            ProbeProtocol.Tcp => IPPROTO_TCP,
            ProbeProtocol.Udp => IPPROTO_UDP,
            ProbeProtocol.Icmp => 0,
            _ => throw new ArgumentOutOfRangeException(nameof(options), options.Protocol, message: null),
        };
        receivers.Add(new RawReceiver(v6, v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP, [], options.ReceiveBuffer) { Except = local });
        if (transport != 0 && options.LocalPorts.Count > 0)
        {
            receivers.Add(new RawReceiver(v6, transport, options.LocalPorts, options.ReceiveBuffer) { Except = local });
        }

        if (local.Count > 0)
        {
            receivers.Add(new LocalSourceReceiver(local, v6, transport, options.LocalPorts, options.ReceiveBuffer));
        }
    }

    /// <summary>Waits, once, until the kernel stamps what arrives; the first packet would else wait for it.</summary>
    internal void WarmUp()
    {
        if (!_warm)
        {
            _warm = true;
            _clock.WarmUp();
        }
    }

    private bool Drain(IPacketSink sink)
    {
        var any = false;
        for (var i = 0; i < _receivers.Length; i++)
        {
            if (!_waiter.IsReady(i))
            {
                continue;
            }

            int count;
            do
            {
                count = _batch.Receive(_receivers[i].Descriptor, MSG_TRUNC);
                if (count == 0)
                {
                    break;
                }

                any = true;
                _clock.Anchor();
                var now = _clock.NowNs;

                // A packet's transmit stamp is queued before its answer can exist, so it is there by now.
                ReadTransmitStamps(sink);
                for (var m = 0; m < count; m++)
                {
                    _receivers[i].Deliver(_batch, m, _clock, now, sink);
                }
            }
            while (count == BatchSize);
        }

        if (!any)
        {
            _clock.Anchor();
            ReadTransmitStamps(sink);
        }

        _clock.Drained();
        return any;
    }

    private void ReadTransmitStamps(IPacketSink sink)
    {
        _sender4?.ReadStamps(_clock, sink);
        _sender6?.ReadStamps(_clock, sink);
    }
}
