using Probe.Core.Packets;
using Probe.Lab.Simulation;

namespace Probe.Lab.Tests.Simulation;

/// <summary>A delivery, read as far as tests ask. Every checksum was verified when it was made.</summary>
internal sealed record Answer
{
    public required long AtNs { get; init; }

    public required byte[] Octets { get; init; }

    public required IpAddress From { get; init; }

    public required byte Protocol { get; init; }

    public byte Ttl { get; init; }

    public byte Type { get; init; }

    public byte Code { get; init; }

    public uint Mtu { get; init; }

    public byte[] Body { get; init; } = [];

    public byte[] Quote { get; init; } = [];

    public TcpFlags Flags { get; init; }

    public uint Sequence { get; init; }

    public uint Acknowledgment { get; init; }

    public ushort? Mss { get; init; }

    public long Cause { get; init; }

    public bool IsTimeExceeded => (Protocol, Type) is (IpProtocol.Icmp, IcmpType.TimeExceeded) or (IpProtocol.IcmpV6, IcmpType.TimeExceededV6);

    public TrueReply Reply => new(From, Protocol, Type, Code, Mtu, Flags);

    public static Answer Read(in Delivery delivery)
    {
        Assert.True(IpPacket.TryRead(delivery.Octets, out var ip));
        if (!ip.IsV6)
        {
            Assert.True(IPv4Header.TryRead(delivery.Octets, out var v4) && v4.ChecksumValid, "IPv4 header checksum");
        }

        Assert.True(ip.IsFragmentless() && TransportChecksum.IsValid(ip.Payload, ip.Protocol, ip.Source, ip.Destination), $"transport checksum of {Convert.ToHexString(delivery.Octets)}");
        var answer = new Answer { AtNs = delivery.DueNs, Octets = delivery.Octets.ToArray(), From = ip.Source, Protocol = ip.Protocol, Ttl = ip.Ttl, Cause = delivery.Cause };
        if (ip.Protocol == IpProtocol.Tcp)
        {
            Assert.True(TcpHeader.TryRead(ip.Payload, out var tcp));
            return answer with { Flags = tcp.Flags, Sequence = tcp.Sequence, Acknowledgment = tcp.Acknowledgment, Mss = tcp.ReadOptions().MaximumSegmentSize };
        }

        if (ip.Protocol == IpProtocol.Udp)
        {
            Assert.True(UdpHeader.TryRead(ip.Payload, out var udp));
            return answer with { Body = udp.Payload.ToArray() };
        }

        Assert.True(IcmpMessage.TryRead(ip.Payload, ip.IsV6, out var message));
        return answer with { Type = message.Type, Code = message.Code, Mtu = message.Mtu, Body = message.Body.ToArray(), Quote = message.Quote.ToArray() };
    }
}

internal static class Exchanges
{
    private const long Second = 1_000_000_000;

    public static bool IsFragmentless(this in IpPacket packet) => packet is { FragmentOffset: 0, MoreFragments: false };

    /// <summary>Injects a packet now and gathers what arrives within two seconds.</summary>
    public static List<Answer> Ask(this SimulatedNetwork network, byte[] packet, long forNs = 2 * Second)
    {
        network.Inject(packet, network.NowNs);
        return network.Gather(forNs);
    }

    public static List<Answer> Gather(this SimulatedNetwork network, long forNs = 2 * Second)
    {
        var until = network.NowNs + forNs;
        var answers = new List<Answer>();
        while (network.TryNext(until, out var delivery))
        {
            answers.Add(Answer.Read(delivery));
        }

        return answers;
    }

    public static List<Answer> Ask(this Topology topology, byte[] packet) => new SimulatedNetwork(topology).Ask(packet);

    public static Answer AskOne(this Topology topology, byte[] packet) => Assert.Single(topology.Ask(packet));
}
