using System.Runtime.InteropServices;
using Probe.Core.Vocabulary;

namespace Probe.Core.Probing;

/// <summary>
/// The one loop that owns a sweep, its wire and its clock. It runs on the caller's thread until the sweep is done or cancelled.
/// </summary>
public static class SweepLoop
{
    // The wire is woken on cancellation; this bounds the wait where a wake is missed.
    private const long LongestWaitNs = 1_000_000_000;

    /// <summary>Drives the sweep to its end.</summary>
    /// <param name="sweep">What to ask.</param>
    /// <param name="wire">Who carries it.</param>
    /// <param name="deadlineNs">The run's clock at which to stop; <see cref="long.MaxValue"/> for never.</param>
    /// <param name="cancellation">Stops the loop at the next step.</param>
    /// <param name="afterStep">Called after each step on this thread, for a view or a capture; null for nothing.</param>
    /// <returns>Why it ended.</returns>
    public static SweepEnd Run(ISweep sweep, IWire wire, long deadlineNs, CancellationToken cancellation, Action<long>? afterStep = null)
    {
        var replies = new List<Reply>();
        var send = new List<ProbePacket>();
        var status = Array.Empty<SendStatus>();
        while (true)
        {
            var now = wire.NowNs;
            var next = sweep.Step(now, CollectionsMarshal.AsSpan(replies), send);
            replies.Clear();
            if (status.Length < send.Count)
            {
                status = new SendStatus[Math.Max(send.Count, 2 * status.Length)];
            }

            wire.Send(CollectionsMarshal.AsSpan(send), status);
            for (var i = 0; i < send.Count; i++)
            {
                if (status[i] != SendStatus.Sent)
                {
                    sweep.NotSent(send[i], status[i]);
                    next = Math.Min(next, now + ISweep.BusyRetryNs);
                }
            }

            send.Clear();
            afterStep?.Invoke(now);
            if (next == ISweep.Done)
            {
                return SweepEnd.Done;
            }

            if (cancellation.IsCancellationRequested)
            {
                return SweepEnd.Interrupted;
            }

            if (now >= deadlineNs)
            {
                return SweepEnd.Deadline;
            }

            wire.Receive(Math.Min(Math.Min(next, deadlineNs), now + LongestWaitNs), replies);
        }
    }
}
