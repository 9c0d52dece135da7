using Probe.Core.Packets;

namespace Probe.Lab.Simulation;

/// <summary>Sends a node's ICMP errors: who may be answered, from which address, how fast, in which form.</summary>
internal sealed class ErrorSender
{
    private readonly SimulatedNode _node;
    private readonly ErrorPolicy _policy;
    private readonly ErrorWriter _writer;
    private readonly TokenBucket[] _buckets;

    public ErrorSender(SimulatedNode node, ErrorBuffers buffers)
    {
        _node = node;
        _policy = node.Spec.Errors;
        _writer = new ErrorWriter(_policy, buffers);
        _buckets = [.. _policy.RateLimits.Select(limit => new TokenBucket(limit))];
    }

    public void Send(SimulatedPacket packet, IcmpCode code, AnswerFrom from)
    {
        var reason = WhyNot(packet, from, out var source);
        if (reason != DropReason.None)
        {
            _node.NoteUnanswered(packet, reason);
            return;
        }

        var error = _writer.Write(packet, code, source, _node.NextId());
        _node.Send(error, packet, _policy.DelayNs);
    }

    /// <summary>The address an answer to this packet comes from; none when the policy gives none.</summary>
    public IpAddress AddressFor(SimulatedPacket packet) => _policy.From switch
    {
        ReplySource.Inbound => Inbound(packet),
        ReplySource.Fixed => Fixed(packet.IsV6),
        _ => default,
    };

    private DropReason WhyNot(SimulatedPacket packet, AnswerFrom from, out IpAddress source)
    {
        source = from == AnswerFrom.Destination ? packet.Destination : AddressFor(packet);
        if (packet.IsLaterFragment || IsError(packet) || packet.Source.Bits == 0)
        {
            return DropReason.NeverAnswered;
        }

        if ((_policy.Silent & ProtocolSets.Of(packet.Protocol)) != 0)
        {
            return DropReason.Silent;
        }

        if (source.IsNone)
        {
            return DropReason.NoAddress;
        }

        var destination = packet.Source;
        foreach (var bucket in _buckets)
        {
            if (!bucket.Has(destination, _node.NowNs))
            {
                return DropReason.RateLimited;
            }
        }

        foreach (var bucket in _buckets)
        {
            bucket.Take(destination, _node.NowNs);
        }

        return DropReason.None;
    }

    private IpAddress Fixed(bool isV6) => _policy.Fixed.FirstOrDefault(address => address.IsV6 == isV6);

    private IpAddress Inbound(SimulatedPacket packet)
    {
        var own = packet.IsV6 ? _node.OwnV6 : _node.OwnV4;
        var near = packet.Inbound is { } channel ? packet.IsV6 ? channel.FarV6 : channel.FarV4 : default;
        return near.IsNone ? own : near;
    }

    private static bool IsError(SimulatedPacket packet) =>
        ProtocolSets.Of(packet.Protocol) == Protocols.Icmp && IcmpMessage.TryRead(packet.Payload, packet.IsV6, out var message)
            && message.IsError;
}
