using Probe.Core.Probing;
using Probe.Core.Vocabulary;

namespace Probe.Core.Tracing;

/// <summary>
/// One target under way. Its memory is used again for the next: answers as they came and one cell per TTL, no object for any hop.
/// </summary>
internal sealed class BulkSlot
{
    private const int UsualAnswers = 16;

    private readonly BulkOptions _options;
    private readonly Cell[] _cells;
    private int _known;

    public BulkSlot(BulkOptions options, int place)
    {
        _options = options;
        Place = place;
        _cells = new Cell[options.MaxTtl + 1];
        Unanswered = new ushort[options.MaxTtl + 1];
        Answers = new Reply[Math.Min(options.MaxTtl - options.FirstTtl + 1, UsualAnswers)];
        Ttls = new byte[Answers.Length];
    }

    /// <summary>What became of the newest probe to a TTL.</summary>
    internal enum ProbeState : byte
    {
        /// <summary>Nothing to do there yet.</summary>
        Idle,

        /// <summary>To be sent.</summary>
        Queued,

        /// <summary>Under way.</summary>
        Waiting,

        /// <summary>Answered.</summary>
        Answered,

        /// <summary>Its time is over.</summary>
        Silent,
    }

    public int Place { get; }

    /// <summary>Changes with each sweep, so that an answer to an earlier one is known as such.</summary>
    public int Generation { get; private set; }

    public bool IsActive { get; private set; }

    /// <summary>Waits for its next sweep.</summary>
    public bool IsResting { get; private set; }

    public BulkTarget Target { get; private set; }

    /// <summary>Sweeps begun.</summary>
    public int Cycles { get; private set; }

    public long CycleStartNs { get; private set; }

    /// <summary>Answers in order; only the first <see cref="Replies"/> count.</summary>
    public Reply[] Answers { get; private set; }

    /// <summary>The TTL that each answered.</summary>
    public byte[] Ttls { get; private set; }

    public int Replies { get; private set; }

    /// <summary>Probes whose time is over, by TTL.</summary>
    public ushort[] Unanswered { get; }

    /// <summary>The smallest TTL at which the target answered; 0 when it did not.</summary>
    public int Reached { get; private set; }

    /// <summary>The smallest TTL at which a tunnel refused what it should carry; 0 when none did.</summary>
    public int RefusedTtl { get; private set; }

    public int NotSent { get; private set; }

    public SendStatus? Error { get; private set; }

    /// <summary>The next TTL to send for the first time in this sweep.</summary>
    public int Next { get; private set; }

    /// <summary>The last TTL that matters in this sweep.</summary>
    public int Last { get; private set; }

    private int Sent { get; set; }

    /// <summary>The highest TTL that anybody answered in this sweep.</summary>
    private int Highest { get; set; }

    /// <summary>The highest TTL that was answered or stayed silent for long.</summary>
    private int Passed { get; set; }

    /// <summary>Every TTL that matters was answered or its time is over.</summary>
    public bool IsComplete
    {
        get
        {
            for (var ttl = _options.FirstTtl; ttl <= Last; ttl++)
            {
                if (_cells[ttl].State < ProbeState.Answered)
                {
                    return false;
                }
            }

            return true;
        }
    }

    /// <summary>The last TTL that may be sent by now: the first burst at once, then a window beyond the last that answered.</summary>
    public int Open => IsSearching
        ? Math.Min(Last, Math.Max(_options.FirstTtl + TraceRound.FirstBurst - 1, Passed + TraceRound.Window)) : Last;

    // A target met in an earlier sweep is asked for where it was, unless somebody else answers there.
    private bool IsSearching => _known == 0 || _cells[_known].State == ProbeState.Answered;

    public ref Cell At(int ttl) => ref _cells[ttl];

    public void Begin(in BulkTarget target)
    {
        IsActive = true;
        Target = target;
        (Cycles, Replies, Reached, RefusedTtl, NotSent, Sent, Error) = (0, 0, 0, 0, 0, 0, null);
        Array.Clear(Unanswered);
    }

    public void BeginCycle(long nowNs)
    {
        Generation++;
        IsResting = false;
        Cycles++;
        CycleStartNs = nowNs;
        _known = Reached;
        Last = _known == 0 ? _options.MaxTtl : _known;
        Next = _options.FirstTtl;
        (Highest, Passed) = (0, 0);
        Array.Clear(_cells);
    }

    /// <summary>The next TTL is to be sent.</summary>
    public int Queue()
    {
        _cells[Next].State = ProbeState.Queued;
        return Next++;
    }

    public void Left(int ttl)
    {
        Sent++;
        ref var cell = ref _cells[ttl];
        cell.State = ProbeState.Waiting;
        cell.Attempts++;
    }

    /// <summary>A queue of this host was full: the probe is to be sent again.</summary>
    public void TakeBack(int ttl)
    {
        Sent--;
        _cells[ttl].Attempts--;
        _cells[ttl].State = ProbeState.Queued;
    }

    /// <summary>This host would not send the probe.</summary>
    public void Refuse(int ttl, SendStatus status)
    {
        NotSent++;
        _cells[ttl].State = ProbeState.Silent;
        if (NotSent == Sent)
        {
            // Not one could leave: the others would not either.
            Error = status;
            Last = 0;
        }
    }

    public void Keep(in Reply reply, int ttl)
    {
        if (Replies == Answers.Length)
        {
            var (answers, ttls) = (Answers, Ttls);
            Array.Resize(ref answers, 2 * Replies);
            Array.Resize(ref ttls, 2 * Replies);
            (Answers, Ttls) = (answers, ttls);
        }

        Answers[Replies] = reply;
        Ttls[Replies++] = (byte)ttl;
    }

    /// <summary>Somebody answered the newest probe to a TTL.</summary>
    public void Answered(int ttl, bool byTarget)
    {
        _cells[ttl].State = ProbeState.Answered;
        Highest = Math.Max(Highest, ttl);
        Passed = Math.Max(Passed, ttl);
        if (byTarget)
        {
            Reached = Reached == 0 ? ttl : Math.Min(Reached, ttl);
            Last = Math.Min(Last, ttl);
        }
        else if (ttl == _known && Last == _known)
        {
            // Somebody else stands where the target stood: the path has grown.
            Last = _options.MaxTtl;
        }
    }

    /// <summary>Nothing beyond this TTL can answer: a tunnel carries nothing.</summary>
    public void RefusedByTunnel(int ttl)
    {
        RefusedTtl = RefusedTtl == 0 ? ttl : Math.Min(RefusedTtl, ttl);
        Last = Math.Min(Last, ttl);
    }

    /// <summary>A TTL has been silent for so long that it is not waited for before more are sent.</summary>
    public void Quiet(int ttl) => Passed = Math.Max(Passed, ttl);

    /// <summary>The time of the newest probe to a TTL is over.</summary>
    public void TimedOut(int ttl)
    {
        Unanswered[ttl]++;
        Quiet(ttl);
        _cells[ttl].State = ProbeState.Silent;
    }

    /// <summary>
    /// Whether a silent TTL is to be asked once more. Beyond the last answer silence is what a firewall leaves; before it, it may be one
    /// lost packet.
    /// </summary>
    public bool TryAgain(int ttl)
    {
        ref var cell = ref _cells[ttl];
        if (_options.Cycles > 1 || cell.State != ProbeState.Silent || cell.Attempts > 1 || ttl >= Highest || ttl > Last)
        {
            return false;
        }

        cell.State = ProbeState.Queued;
        return true;
    }

    public void Rest() => IsResting = true;

    public void End() => IsActive = false;

    internal struct Cell
    {
        public ProbeState State;
        public byte Attempts;
    }
}
