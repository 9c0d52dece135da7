using Probe.Core.Packets;
using Probe.Core.Probing;
using Probe.Core.Vocabulary;
using Probe.Core.Wire;

namespace Probe.Lab.Simulation.Tcp;

/// <summary>The ICMP errors that reached the vantage host while its TCP had the network, those of the host to itself included.</summary>
internal sealed class SimulatedErrors(SimulatedTcpStack stack) : IPacketPort
{
    private readonly Queue<(bool IsV6, IpAddress From, IpAddress To, byte[] Message, long AtNs)> _waiting = [];

    /// <inheritdoc/>
    public long NowNs => stack.NowNs;

    /// <summary>One has come.</summary>
    public void Add(bool isV6, IpAddress from, IpAddress to, byte[] message, long atNs) =>
        _waiting.Enqueue((isV6, from, to, message, atNs));

    /// <inheritdoc/>
    public SendStatus Send(ReadOnlySpan<byte> packet, int number) => throw new NotSupportedException("Errors are only received here.");

    /// <inheritdoc/>
    /// <remarks>Hands over what is there; time passes only in <see cref="SimulatedTcpStack.Wait"/>.</remarks>
    public void Poll(long untilNs, IPacketSink sink)
    {
        while (_waiting.TryDequeue(out var error))
        {
            sink.Arrived(new ArrivedPacket
            {
                Source = error.From,
                Destination = error.To,
                Ttl = 64,
                Protocol = error.IsV6 ? IpProtocol.IcmpV6 : IpProtocol.Icmp,
                Payload = error.Message,
                AtNs = error.AtNs,
                Stamp = StampSource.Kernel,
            });
        }
    }

    /// <inheritdoc/>
    public void Wake()
    {
        // It never waits.
    }

    /// <inheritdoc/>
    public PortLosses ReadLosses() => default;

    /// <inheritdoc/>
    public void Dispose() => stack.Close(this);
}
