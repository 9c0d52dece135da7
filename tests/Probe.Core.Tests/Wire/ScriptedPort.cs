using Probe.Core.Packets;
using Probe.Core.Probing;
using Probe.Core.Vocabulary;
using Probe.Core.Wire;

namespace Probe.Core.Tests.Wire;

/// <summary>A port whose arrivals the test writes by hand; the clock stands still unless the test moves it.</summary>
internal sealed class ScriptedPort : IPacketPort
{
    private readonly Queue<(byte[] Packet, long AtNs)> _arrivals = new();
    private readonly List<int> _transmitted = [];

    public long NowNs { get; set; } = 1_000;

    public List<byte[]> Sent { get; } = [];

    public void Deliver(byte[] ipPacket) => _arrivals.Enqueue((ipPacket, NowNs + 500));

    public SendStatus Send(ReadOnlySpan<byte> packet, int number)
    {
        Sent.Add(packet.ToArray());
        _transmitted.Add(number);
        return SendStatus.Sent;
    }

    public void Poll(long untilNs, IPacketSink sink)
    {
        _transmitted.ForEach(number => sink.Transmitted(number, NowNs));
        _transmitted.Clear();
        while (_arrivals.TryDequeue(out var arrival))
        {
            Assert.True(IpPacket.TryRead(arrival.Packet, out var packet), "the test wrote no IP packet");
            sink.Arrived(new ArrivedPacket
            {
                Source = packet.Source,
                Destination = packet.Destination,
                Ttl = packet.Ttl,
                Protocol = packet.Protocol,
                Payload = packet.Payload,
                AtNs = arrival.AtNs,
                Stamp = StampSource.Kernel,
            });
        }
    }

    public void Wake()
    {
    }

    public PortLosses ReadLosses() => default;

    public void Dispose()
    {
    }
}
