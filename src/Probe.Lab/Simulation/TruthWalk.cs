using Probe.Core.Packets;

namespace Probe.Lab.Simulation;

/// <summary>
/// Follows one packet with its TTL through the description and gathers every answer it may draw. Where chance decides, all outcomes are
/// followed and the result is not certain.
/// </summary>
internal sealed class TruthWalk(SimulatedNetwork network, long atNs)
{
    private readonly HashSet<(int Channel, int Ttl)> _seen = [];
    private readonly List<TruthStep> _nats = [];

    public HashSet<TrueReply> Replies { get; } = [];

    public bool IsCertain { get; private set; } = true;

    // Ends of the ways the packet may take, and those of them that draw no answer.
    private int _answers;
    private bool _hasSilentEnd;

    public void Send(ReadOnlySpan<byte> packet, int ttl)
    {
        var first = TruthStep.First(network, packet, FlowFields.None, atNs);
        if (!first.IsLocal)
        {
            Go(first, ttl);
            IsCertain &= Replies.Count == 0 || !_hasSilentEnd;
        }
    }

    private void Go(TruthStep step, int ttl)
    {
        foreach (var channel in step.Channels())
        {
            IsCertain &= channel.Quality is { Loss: 0, Lost.IsEmpty: true };
            if (step.Packet.Length > channel.Mtu)
            {
                var answers = _answers;
                if (step.Inbound is not null)
                {
                    TooBig(step, channel);
                }

                _hasSilentEnd |= answers == _answers;

                // Fragments are not followed: the truth is about probes, which set DF.
                IsCertain &= step.Packet.DontFragment;
                continue;
            }

            if (_seen.Add((channel.Index, ttl)))
            {
                var answers = _answers;
                if (Ends(step.Over(channel), ttl))
                {
                    _hasSilentEnd |= answers == _answers;
                }
            }
        }
    }

    // True when the packet's way ends at this node; otherwise it was followed on.
    private bool Ends(TruthStep step, int ttl)
    {
        if (step.Node.Spec.Nat is not null)
        {
            _nats.Add(step);
        }

        if (step.IsLocal)
        {
            // What becomes of it in a tunnel is not followed here.
            IsCertain &= step.Node.Spec is { Director: null, TunnelEnd: null };
            if (!TakenByRule(step, When.Local))
            {
                Host(step);
            }

            return true;
        }

        if (!step.Node.Spec.Forwards)
        {
            return true;
        }

        if (step.Channels().Count == 0)
        {
            if (!step.IsSwallowed)
            {
                Error(step, step.Packet.IsV6 ? new IcmpCode(1, 0) : new IcmpCode(3, 0));
            }

            return true;
        }

        var handling = step.Node.Spec.Ttl;
        if (handling != TtlHandling.Hidden && (ttl == 0 || (ttl == 1 && handling == TtlHandling.Decrement)))
        {
            if (!TakenByRule(step, When.Expired))
            {
                Error(step, IcmpErrors.Expired(step.Packet.IsV6));
            }

            return true;
        }

        // Size comes before filters in a router, and only a packet that fits gets to them.
        if (step.Channels().Any(channel => step.Packet.Length <= channel.Mtu) && TakenByRule(step, When.Transit))
        {
            return true;
        }

        Go(step, handling == TtlHandling.Hidden ? ttl : ttl - 1);
        return false;
    }

    private bool TakenByRule(TruthStep step, When when)
    {
        var flow = FlowKey.Of(step.Packet);
        foreach (var rule in step.Node.Spec.Rules)
        {
            if (rule.When != when || !rule.Match.Takes(flow, step.Packet.Length, atNs)
                || !RuleBehaviour.Applies(rule, step.Packet.IsV6, step.Packet.Protocol == IpProtocol.Tcp))
            {
                continue;
            }

            IsCertain &= rule.Match.Share >= 1;
            if (rule.Reset)
            {
                var from = rule.From == AnswerFrom.Destination ? step.Packet.Destination : step.AnswerAddress();
                Answer(step, new TrueReply(from, IpProtocol.Tcp, 0, 0, 0, TcpFlags.Rst | TcpFlags.Ack), isError: false);
            }
            else if ((step.Packet.IsV6 ? rule.V6 : rule.V4) is { } code)
            {
                Error(step, code, rule.From);
            }

            if (rule.Match.Share >= 1)
            {
                return !rule.Forwards;
            }
        }

        return false;
    }

    private void TooBig(TruthStep step, Channel channel)
    {
        var policy = step.Node.Spec.TooBig;
        var protocol = ProtocolSets.Of(step.Packet.Protocol);
        if (policy.Silent.HasFlag(protocol))
        {
            return;
        }

        var mtu = policy.Lies.HasFlag(protocol) ? policy.Mtu : (uint)channel.Mtu;
        Error(step, IcmpErrors.TooBig(step.Packet.IsV6, mtu));
    }

    private void Host(TruthStep step)
    {
        var host = step.Node.Spec.Host ?? HostSpec.Default;
        var (packet, from) = (step.Packet, step.Packet.Destination);
        switch (ProtocolSets.Of(packet.Protocol))
        {
            case Protocols.Icmp when host.Echo:
                Answer(step, new TrueReply(from, packet.Protocol, packet.IsV6 ? IcmpType.EchoReplyV6 : IcmpType.EchoReply, 0, 0, 0),
                    isError: false);
                break;
            case Protocols.Udp:
                Udp(step, host);
                break;
            case Protocols.Tcp:
                Tcp(step, host);
                break;
            case Protocols.Other:
                Error(step, packet.IsV6 ? new IcmpCode(4, 1) : new IcmpCode(3, 2), AnswerFrom.Destination);
                break;
            default:
                break;
        }
    }

    private void Udp(TruthStep step, HostSpec host)
    {
        var port = FlowKey.Of(step.Packet).DestinationPort;
        switch (host.Udp.FirstOrDefault(service => service.Covers(port))?.Behaviour ?? host.OtherUdp)
        {
            case UdpBehaviour.Echo:
            case UdpBehaviour.Reply:
                Answer(step, new TrueReply(step.Packet.Destination, IpProtocol.Udp, 0, 0, 0, 0), isError: false);
                break;
            case UdpBehaviour.Unreachable:
                Error(step, step.Packet.IsV6 ? new IcmpCode(1, 4) : new IcmpCode(3, 3), AnswerFrom.Destination);
                break;
            default:
                break;
        }
    }

    private void Tcp(TruthStep step, HostSpec host)
    {
        var port = FlowKey.Of(step.Packet).DestinationPort;
        var service = host.Tcp.FirstOrDefault(candidate => candidate.Covers(port));
        IsCertain &= service is null or { Backlog: int.MaxValue };
        TcpFlags[] answers = (service?.Behaviour ?? host.OtherTcp) switch
        {
            TcpBehaviour.Open or TcpBehaviour.SynAckThenSilence or TcpBehaviour.Discard or TcpBehaviour.Echo =>
                [TcpFlags.Syn | TcpFlags.Ack],
            TcpBehaviour.LateReset => [TcpFlags.Syn | TcpFlags.Ack, TcpFlags.Rst | TcpFlags.Ack],
            TcpBehaviour.StaleHalfOpen => [TcpFlags.Ack],
            TcpBehaviour.Closed => [TcpFlags.Rst | TcpFlags.Ack],
            _ => [],
        };
        foreach (var flags in answers)
        {
            Answer(step, new TrueReply(step.Packet.Destination, IpProtocol.Tcp, 0, 0, 0, flags), isError: false);
        }
    }

    private void Error(TruthStep step, IcmpCode code, AnswerFrom from = AnswerFrom.Node)
    {
        var policy = step.Node.Spec.Errors;
        var source = from == AnswerFrom.Destination ? step.Packet.Destination : RouterAddress(step);
        if (source.IsNone || policy.Silent.HasFlag(ProtocolSets.Of(step.Packet.Protocol)))
        {
            return;
        }

        IsCertain &= policy.RateLimits.IsEmpty;
        var isV6 = step.Packet.IsV6;
        var mtu = (isV6 ? code.Type == 2 : code is { Type: 3, Code: 4 }) ? code.Rest : 0;
        Answer(step, new TrueReply(source, isV6 ? IpProtocol.IcmpV6 : IpProtocol.Icmp, code.Type, code.Code, mtu, 0), isError: true);
    }

    private static IpAddress RouterAddress(TruthStep step)
    {
        var policy = step.Node.Spec.Errors;
        if (policy.From != ReplySource.Inbound)
        {
            return policy.From == ReplySource.None ? default : policy.Fixed.FirstOrDefault(address => address.IsV6 == step.Packet.IsV6);
        }

        var near = step.Packet.IsV6 ? step.Inbound!.FarV6 : step.Inbound!.FarV4;
        return !near.IsNone ? near : step.Packet.IsV6 ? step.Node.OwnV6 : step.Node.OwnV4;
    }

    private void Answer(TruthStep step, in TrueReply reply, bool isError)
    {
        var back = new TruthReturn(network, _nats, atNs);
        back.Send(step, reply, isError);
        IsCertain &= back.IsCertain;
        if (back.Source is { } source)
        {
            _answers++;
            Replies.Add(reply with { From = source });
        }
    }
}
