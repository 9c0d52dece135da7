using Probe.Core.Packets;
using Probe.Core.Vocabulary;
using Probe.Core.Wire;

namespace Probe.Core.Tests.Wire;

public sealed record Arrival(
    IpAddress Source, IpAddress Destination, byte Ttl, byte TrafficClass, byte Protocol, byte[] Payload, int Length, long AtNs, StampSource Stamp, int InterfaceIndex);

/// <summary>Keeps what a port delivered, in order.</summary>
public sealed class RecordingSink : IPacketSink
{
    public List<Arrival> Arrivals { get; } = [];

    public Dictionary<int, long> Sent { get; } = [];

    public List<string> Order { get; } = [];

    public void Arrived(in ArrivedPacket packet)
    {
        Arrivals.Add(new Arrival(
            packet.Source, packet.Destination, packet.Ttl, packet.TrafficClass, packet.Protocol, packet.Payload.ToArray(), packet.Length, packet.AtNs, packet.Stamp, packet.InterfaceIndex));
        Order.Add("arrived");
    }

    public void Transmitted(int number, long atNs)
    {
        Sent.Add(number, atNs);
        Order.Add("sent " + number);
    }

    /// <summary>Polls until so many packets arrived or two seconds have passed.</summary>
    public RecordingSink Await(IPacketPort port, int arrivals, int sent = 0)
    {
        var until = port.NowNs + 2_000_000_000;
        while ((Arrivals.Count < arrivals || Sent.Count < sent) && port.NowNs < until)
        {
            port.Poll(Math.Min(until, port.NowNs + 20_000_000), this);
        }

        return this;
    }

    /// <summary>Polls for a while, for what must not come.</summary>
    public RecordingSink Linger(IPacketPort port, int ms)
    {
        for (var until = port.NowNs + ms * 1_000_000L; port.NowNs < until;)
        {
            port.Poll(until, this);
        }

        return this;
    }
}
