using Probe.Core.Packets;

namespace Probe.Lab.Simulation;

/// <summary>The endpoints of a node: echo, UDP and TCP.</summary>
internal sealed class HostBehaviour : INodeBehaviour
{
    private readonly HostSpec _host;
    private readonly TcpEndpoint _tcp;

    public HostBehaviour(HostSpec host)
    {
        _host = host;
        _tcp = new TcpEndpoint(host, this);
    }

    public NodeAction Local(SimulatedNode node, SimulatedPacket packet)
    {
        if (!TransportChecksum.IsValid(packet.Payload, packet.Protocol, packet.Source, packet.Destination)
            && ProtocolSets.Of(packet.Protocol) != Protocols.Other)
        {
            node.Drop(packet, DropReason.BadChecksum);
            return NodeAction.Taken;
        }

        switch (packet.Protocol)
        {
            case IpProtocol.Tcp:
                _tcp.Take(node, packet);
                break;
            case IpProtocol.Udp:
                Datagram(node, packet);
                break;
            case IpProtocol.Icmp when !packet.IsV6:
            case IpProtocol.IcmpV6 when packet.IsV6:
                Icmp(node, packet);
                break;
            default:
                // Linux answers protocols it does not know so; ICMPv6 points at the next header field (RFC 4443 section 3.4).
                node.SendError(packet,
                    packet.IsV6 ? new IcmpCode(IcmpType.ParameterProblemV6, 1, 6) : new IcmpCode(IcmpType.DestinationUnreachable, 2),
                    AnswerFrom.Destination);
                node.Drop(packet, DropReason.Consumed);
                break;
        }

        return NodeAction.Taken;
    }

    public void TimerRan(SimulatedNode node, object state) => _tcp.TimerRan(node, state);

    private void Icmp(SimulatedNode node, SimulatedPacket packet)
    {
        if (IcmpMessage.TryRead(packet.Payload, packet.IsV6, out var message))
        {
            if (_host.Echo && message.IsEchoRequest)
            {
                HostReplies.Echo(node, packet, _host.DelayNs);
            }
            else if (_host.ObeysTooBig && IcmpErrors.IsTooBig(message) && IpPacket.TryReadQuote(message.Quote, out var quote)
                && quote.Source == packet.Destination)
            {
                node.PathMtus.Learn(quote.Destination, message.Mtu);
                _tcp.TooBig(quote);
            }
        }

        node.Drop(packet, DropReason.Consumed);
    }

    private void Datagram(SimulatedNode node, SimulatedPacket packet)
    {
        if (!UdpHeader.TryRead(packet.Payload, out var udp))
        {
            node.Drop(packet, DropReason.Malformed);
            return;
        }

        UdpService? service = null;
        foreach (var candidate in _host.Udp)
        {
            if (candidate.Covers(udp.DestinationPort))
            {
                service = candidate;
                break;
            }
        }

        var delayNs = _host.DelayNs + (service?.DelayNs ?? 0);
        switch (service?.Behaviour ?? _host.OtherUdp)
        {
            case UdpBehaviour.Echo:
                HostReplies.Datagram(node, packet, udp, udp.Payload, delayNs);
                break;
            case UdpBehaviour.Reply:
                HostReplies.Datagram(node, packet, udp, Convert.FromHexString(service?.Payload ?? ""), delayNs);
                break;
            case UdpBehaviour.Unreachable:
                // A host answers for the address it was asked at, whatever the interface.
                node.SendError(packet, packet.IsV6
                    ? new IcmpCode(IcmpType.DestinationUnreachableV6, IcmpType.PortUnreachableCodeV6)
                    : new IcmpCode(IcmpType.DestinationUnreachable, IcmpType.PortUnreachableCode), AnswerFrom.Destination);
                break;
            default:
                break;
        }

        node.Drop(packet, DropReason.Consumed);
    }
}
