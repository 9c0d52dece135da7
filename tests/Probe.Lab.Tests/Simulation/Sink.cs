using Probe.Core.Packets;
using Probe.Core.Vocabulary;
using Probe.Core.Wire;

namespace Probe.Lab.Tests.Simulation;

/// <summary>Keeps what a port handed out.</summary>
internal sealed class Sink : IPacketSink
{
    public List<(IpAddress From, byte Ttl, byte Protocol, byte[] Payload, long AtNs, StampSource Stamp)> Arrived { get; } = [];

    public List<(int Number, long AtNs)> Transmitted { get; } = [];

    public List<string> Order { get; } = [];

    void IPacketSink.Arrived(in ArrivedPacket packet)
    {
        Arrived.Add((packet.Source, packet.Ttl, packet.Protocol, packet.Payload.ToArray(), packet.AtNs, packet.Stamp));
        Order.Add("arrived");
    }

    void IPacketSink.Transmitted(int number, long atNs)
    {
        Transmitted.Add((number, atNs));
        Order.Add("transmitted");
    }
}
