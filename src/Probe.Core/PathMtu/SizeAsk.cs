using Probe.Core.Packets;
using Probe.Core.Vocabulary;

namespace Probe.Core.PathMtu;

/// <summary>What became of one probe of a size.</summary>
internal enum AskState
{
    /// <summary>Not handed out yet.</summary>
    Planned,

    /// <summary>Under way.</summary>
    Waiting,

    /// <summary>The target answered it.</summary>
    Answered,

    /// <summary>Somebody called it too big.</summary>
    Refused,

    /// <summary>Somebody answered it who is not the target, and not about its size.</summary>
    Rejected,

    /// <summary>Nobody answered it in time; a late answer still counts.</summary>
    Lost,

    /// <summary>Lost while nothing got through: it says nothing about the size.</summary>
    Void,

    /// <summary>This host's own device does not take it.</summary>
    TooBigHere,
}

/// <summary>One probe of a size.</summary>
/// <param name="ledger">Where it is counted.</param>
/// <param name="size">Octets of the (inner) IP packet.</param>
/// <param name="ttl">TTL it is limited to; 0 for none.</param>
internal sealed class SizeAsk(SizeLedger ledger, int size, byte ttl = 0)
{
    public SizeLedger Ledger { get; } = ledger;

    public int Size { get; } = size;

    public byte Ttl { get; } = ttl;

    public AskState State { get; set; }

    public int Number { get; set; }

    public long SentNs { get; set; }

    /// <summary>The burst it left in.</summary>
    public int Round { get; set; }

    /// <summary>This host refused to send it, for another reason than its device's MTU.</summary>
    public bool IsLostHere { get; set; }

    /// <summary>Who answered first.</summary>
    public IpAddress From { get; set; }

    /// <summary>How.</summary>
    public ReplyKind Kind { get; set; }

    public bool IsOpen => State is AskState.Planned or AskState.Waiting;

    /// <summary>It did not get there, as far as anybody can tell.</summary>
    public bool IsBad => State is AskState.Lost or AskState.Refused or AskState.Rejected or AskState.TooBigHere;
}

/// <summary>Probes that leave together, and how they are waited for.</summary>
/// <param name="asks">The probes, in the order they leave: larger ones first.</param>
internal sealed class SizeRound(IReadOnlyList<SizeAsk> asks)
{
    public IReadOnlyList<SizeAsk> Asks { get; } = asks;

    /// <summary>How long each is waited for as long as no round trip is known, nanoseconds; null for the whole timeout.</summary>
    public long? FirstWaitNs { get; init; }

    /// <summary>A loss in it decides something: slow answers get their time.</summary>
    public bool IsPatient { get; init; }

    /// <summary>Waits for sizes, too, that are known to get there.</summary>
    public bool WaitsForAll { get; init; }

    /// <summary>Waits for what was refused, too, as long as answers take: it may have been passed on all the same.</summary>
    public bool WaitsForRefused { get; init; }

    /// <summary>Nothing is sent before this instant, nanoseconds of the run's clock.</summary>
    public long UntilNs { get; private init; } = long.MinValue;

    /// <summary>A round of nothing but time.</summary>
    public static SizeRound Pause(long untilNs) => new([]) { UntilNs = untilNs };
}
