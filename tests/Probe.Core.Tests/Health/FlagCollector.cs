using Probe.Core.Capture;
using Probe.Core.Packets;

namespace Probe.Core.Tests.Health;

/// <summary>Notes direction, flags and our ports of the TCP segments captured at the client.</summary>
internal sealed class FlagCollector : ICaptureSink
{
    public List<string> Seen { get; } = [];

    public HashSet<int> Ports { get; } = [];

    public void Captured(in CapturedPacket packet)
    {
        if (IpPacket.TryRead(packet.Octets, out var ip) && ip.Protocol == IpProtocol.Tcp && TcpHeader.TryRead(ip.Payload, out var tcp))
        {
            Seen.Add($"{(packet.Outgoing ? '>' : '<')} {tcp.Flags}");
            Ports.Add(packet.Outgoing ? tcp.SourcePort : tcp.DestinationPort);
        }
    }
}
