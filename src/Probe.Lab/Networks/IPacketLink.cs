using Probe.Core.Linux.Sockets;
using Probe.Core.Linux;

namespace Probe.Lab.Networks;

/// <summary>Where a simulated network meets the kernel: whole IP packets in and out.</summary>
internal interface IPacketLink : IDisposable
{
    /// <summary>The descriptor to wait on.</summary>
    FileDescriptor Descriptor { get; }

    /// <summary>Reads the next packet that the kernel sent; -1 when none waits.</summary>
    int Read(Span<byte> packet);

    /// <summary>Hands a packet to the kernel; false when there is no room.</summary>
    bool Write(ReadOnlySpan<byte> packet);
}

/// <summary>A TUN device.</summary>
internal sealed class TunLink(string device) : IPacketLink
{
    private readonly TunDevice _tun = new(device);

    public FileDescriptor Descriptor => _tun.Descriptor;

    public int Read(Span<byte> packet) => _tun.Read(packet);

    public bool Write(ReadOnlySpan<byte> packet) => _tun.Write(packet);

    public void Dispose() => _tun.Dispose();
}
