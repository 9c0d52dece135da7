namespace Probe.Core.Wire;

/// <summary>Takes what a port received. The spans are valid only during the call.</summary>
public interface IPacketSink
{
    /// <summary>A packet arrived.</summary>
    void Arrived(in ArrivedPacket packet);

    /// <summary>The packet sent with this number left the host at this time.</summary>
    /// <param name="number">The number given to <see cref="IPacketPort.Send(ReadOnlySpan{byte}, int)"/>.</param>
    /// <param name="atNs">Nanoseconds of the port's clock.</param>
    void Transmitted(int number, long atNs);
}
