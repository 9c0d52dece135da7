using Probe.Core.Capture;
using Probe.Core.Linux;
using Probe.Core.Packets;
using Probe.Core.Probing;

namespace Probe.Lab.Kernel;

/// <summary>
/// The far end of tunnels inside a namespace: takes what comes to one of its addresses apart and hands what was inside to the kernel by a TUN device,
/// which then routes it like any packet. UDP ports and IP protocols that are taken draw no unreachable from the kernel; all others do.
/// </summary>
public sealed class TunnelTap : ICaptureSink, IDisposable
{
    private const string Device = "tap0";
    private const long LongestWaitNs = 100_000_000;

    private readonly IReadOnlyList<Encapsulation> _layers;
    private readonly PacketCapture _capture;
    private readonly TunDevice _device;
    private readonly List<IDisposable> _held = [];
    private readonly Thread _thread;
    private volatile bool _isStopping;
    private Exception? _failure;

    /// <summary>Opens the end of tunnels whose far end they name; they are taken apart one by one, whichever fits.</summary>
    /// <param name="name">The namespace.</param>
    /// <param name="layers">What is taken.</param>
    public TunnelTap(string name, params IReadOnlyList<Encapsulation> layers)
    {
        _layers = layers;
        (_device, _capture) = KernelLab.In(name, () =>
        {
            foreach (var layer in layers)
            {
                _held.Add(layer is UdpEncapsulation udp
                    ? new HeldPorts(layer.Remote, ProbeProtocol.Udp, [udp.Port])
                    : new RawReceiver(layer.Remote.IsV6, layer.ProtocolFor(innerV6: false), [], receiveBuffer: 4096));
            }

            return (new TunDevice(Device), new PacketCapture(new CaptureFilter { Addresses = [.. layers.Select(layer => layer.Remote).Distinct()] }));
        });
        KernelLab.Ip([$"-n {name} link set {Device} up"]);
        _thread = new Thread(Run) { IsBackground = true, Name = "tunnel end" };
        _thread.Start();
    }

    /// <summary>Packets taken out of tunnels so far.</summary>
    public long Taken { get; private set; }

    /// <inheritdoc/>
    public void Dispose()
    {
        _isStopping = true;
        _capture.Wake();
        _thread.Join();
        _capture.Dispose();
        _device.Dispose();
        _held.ForEach(held => held.Dispose());
        if (_failure is not null)
        {
            throw new InvalidOperationException("The tunnel's end stopped.", _failure);
        }
    }

    void ICaptureSink.Captured(in CapturedPacket packet)
    {
        if (packet.Outgoing)
        {
            return;
        }

        Span<byte> copy = packet.Octets.ToArray();
        foreach (var layer in _layers)
        {
            if (EncapsulationReader.TryDecapsulate(layer, copy, out var inner, out _))
            {
                Taken++;
                _device.Write(inner);
                return;
            }
        }
    }

    private void Run()
    {
        try
        {
            while (!_isStopping)
            {
                _capture.Read(LongestWaitNs, this);
            }
        }
        catch (Exception e)
        {
            _failure = e;
        }
    }
}
