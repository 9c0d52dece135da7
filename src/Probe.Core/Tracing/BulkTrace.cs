using Probe.Core.Evidence;
using Probe.Core.Packets;
using Probe.Core.Probing;
using Probe.Core.Vocabulary;

namespace Probe.Core.Tracing;

/// <summary>What was seen of one of many targets, as compact as it was kept; <see cref="Build"/> makes evidence of it.</summary>
public sealed class BulkTrace
{
    private readonly BulkOptions _options;
    private readonly byte[] _ttls;
    private readonly Reply[] _replies;
    private readonly ushort[] _unanswered;
    private readonly int _reachedTtl;
    private readonly int _refusedTtl;

    internal BulkTrace(BulkOptions options, BulkSlot slot, bool complete)
    {
        _options = options;
        Target = slot.Target;
        Complete = complete;
        Error = slot.Error;
        NotSent = slot.NotSent;
        _reachedTtl = slot.Reached;
        _refusedTtl = slot.RefusedTtl;
        _ttls = slot.Ttls.AsSpan(0, slot.Replies).ToArray();
        _replies = slot.Answers.AsSpan(0, slot.Replies).ToArray();
        _unanswered = [.. slot.Unanswered];
    }

    /// <summary>The target.</summary>
    public BulkTarget Target { get; }

    /// <summary>False when the run ended before this target was done with.</summary>
    public bool Complete { get; }

    /// <summary>Why nothing could be sent to it; null when something could.</summary>
    public SendStatus? Error { get; }

    /// <summary>Probes that this host would not send.</summary>
    public int NotSent { get; }

    /// <summary>The target answered.</summary>
    public bool Reached => _reachedTtl != 0;

    /// <summary>Somebody said Packet Too Big, from which the kernel may have learned.</summary>
    public bool SawPacketTooBig => Array.Exists(_replies, reply => reply.Kind == ReplyKind.PacketTooBig);

    /// <summary>The addresses that answered.</summary>
    public IEnumerable<IpAddress> Addresses => _replies.Where(reply => !reply.Redirect).Select(reply => reply.From).Distinct();

    /// <summary>The same evidence that a trace of this target alone gives, without single probes.</summary>
    /// <param name="target">The target as the user wrote it.</param>
    /// <param name="end">Why the run ended; of no matter for a target that was done with.</param>
    /// <param name="localLost">Answers lost in this host meanwhile.</param>
    /// <param name="nameOf">Reverse names; null where there is none.</param>
    public TraceEvidence Build(string target, SweepEnd end, long localLost, Func<IpAddress, string?> nameOf)
    {
        var state = new TraceState(new TraceOptions(_options)
        {
            Target = Target.Address,
            Source = Target.Source,
            Flows = [Target.Flow],
            Size = _options.SizeFor(Target.Address),
            Via = Target.Via,
        });
        for (var i = 0; i < _replies.Length; i++)
        {
            if (_replies[i].Redirect)
            {
                state.Redirected(_replies[i], 0, _ttls[i]);
            }
            else
            {
                state.Answered(_replies[i], 0, _ttls[i]);
            }
        }

        for (var ttl = 0; ttl < _unanswered.Length; ttl++)
        {
            for (var n = 0; n < _unanswered[ttl]; n++)
            {
                state.Unanswered(0, 0, ttl);
            }
        }

        if (Reached)
        {
            state.Flows[0].TargetAnswered(_reachedTtl);
        }

        if (_refusedTtl != 0)
        {
            state.Flows[0].TunnelRefused(_refusedTtl);
        }

        var trace = new TraceEvidenceBuilder(state, nameOf) { Via = _options.Via }.Build(target, Complete ? SweepEnd.Done : end, localLost)
            with { Probes = null };
        return Error is { } error ? trace with { StopReason = StopReason.Error, Reason = ReasonOf(error) } : trace;
    }

    private static NotProbedReason ReasonOf(SendStatus error) => error switch
    {
        SendStatus.TooBig => NotProbedReason.TooBig,
        SendStatus.LocalRule => NotProbedReason.LocalRule,
        SendStatus.NoRoute => NotProbedReason.NoRoute,
        _ => throw new ArgumentOutOfRangeException(nameof(error), error, message: null),
    };
}
