using Probe.Core.Linux;
using Probe.Core.Probing;
using Probe.Core.Vocabulary;
using Probe.Core.Wire;

namespace Probe.Core.Health;

/// <content>What leaves.</content>
public sealed partial class RawEngine
{
    // Answers of so many checks in one look; beyond, the servers send theirs again after a second.
    private const int MostResets = 4096;

    private readonly Queue<(ProbePacket Syn, uint Acknowledged)> _resets = new();

    private void Write(ref RawSlot slot)
    {
        _reader.Expect(slot.Packet);
        _batch.Add(_builder.Write(slot.Packet, _batch.Room), slot.Packet.Number);
        if (_batch.Count == SendBatch.Capacity)
        {
            Send();
        }
    }

    /// <summary>Sends what was written, and what is owed to servers behind tunnels.</summary>
    private void Flush()
    {
        while (_resets.TryDequeue(out var reset))
        {
            _batch.Add(_builder.WriteReset(reset.Syn, reset.Acknowledged, _batch.Room), number: 0);
            if (_batch.Count == SendBatch.Capacity)
            {
                Send();
            }
        }

        Send();
    }

    private void Send()
    {
        var count = _batch.Count;
        if (count == 0)
        {
            return;
        }

        var before = NowNs;
        _port.Send(_batch);
        var after = NowNs;
        for (var i = 0; i < count; i++)
        {
            if (_slots.TryFind(_batch.Number(i), out var index))
            {
                // One after the other, so each a little later; none left later than now.
                Sent(index, _batch.Status(i), _batch.Error(i), before + (after - before) * i / count, after);
            }
        }

        _batch.Clear();
        if ((_unseen += count) >= LookEvery)
        {
            Look(after);
        }
    }

    private void Sent(int index, SendStatus status, int errno, long atNs, long latestNs)
    {
        ref var slot = ref _slots[index];
        switch (status)
        {
            case SendStatus.Sent when slot.SentNs == 0:
                slot.SentNs = atNs;
                slot.DeadlineNs = latestNs + slot.TimeoutNs;
                goto case SendStatus.Sent;
            case SendStatus.Sent:
                var again = slot.Packet.Protocol == ProbeProtocol.Tcp ? latestNs + SendAgainNs : long.MaxValue;
                _timers.Add(index, again < slot.DeadlineNs ? again : slot.DeadlineNs + QueuedWithinNs);
                break;
            case SendStatus.Busy when latestNs - slot.StartedNs < slot.TimeoutNs:
                _timers.Add(index, latestNs + BusyNs);
                break;
            default:
                // The way there is asked for anew next time.
                _sources.Forget(slot.Target);
                var outcome = Outcome(ref slot, CheckEnd.Failed) with { Errno = errno != 0 ? errno : ErrnoOf(status), Synchronous = true };
                End(index, in outcome);
                break;
        }
    }

    private static int ErrnoOf(SendStatus status) => status switch
    {
        SendStatus.Busy => Errno.ENOBUFS,
        SendStatus.TooBig => Errno.EMSGSIZE,
        SendStatus.LocalRule => Errno.EPERM,
        _ => Errno.ENETUNREACH,
    };

    /// <summary>
    /// Ends what an answer to a SYN through a tunnel shows at the server, be the check over or not: the SYN went to one server behind an
    /// address that many have, the answer came straight from that address, and what ends the half-open connection must take the SYN's way.
    /// </summary>
    private void ResetThroughTunnel(ref RawSlot slot, uint acknowledged)
    {
        if (!slot.Packet.Via.IsEmpty && _resets.Count < MostResets)
        {
            _resets.Enqueue((slot.Packet, acknowledged));
        }
    }
}
