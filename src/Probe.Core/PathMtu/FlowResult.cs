using Probe.Core.Packets;
using Probe.Core.Vocabulary;

namespace Probe.Core.PathMtu;

/// <summary>What was found on one flow.</summary>
/// <param name="ledger">Its sizes.</param>
internal sealed class FlowResult(SizeLedger ledger)
{
    /// <summary>The way asked first.</summary>
    public SizeLedger Asked { get; } = ledger;

    /// <summary>The way that found the limit.</summary>
    public SizeLedger Ledger { get; set; } = ledger;

    /// <summary>What echo requests found, where another way told that it is no limit on the way there.</summary>
    public SizeLedger? Returning { get; set; }

    /// <summary>Probes sent when the exact size was known; null when it is not.</summary>
    public int? ExactSent { get; set; }

    /// <summary>From the first probe to that moment, nanoseconds.</summary>
    public long? ExactNs { get; set; }

    /// <summary>The flow that was searched, where this one was only shown to have the same size.</summary>
    public FlowResult? Like { get; init; }

    /// <summary>Probes sent for it.</summary>
    public int Sent { get; set; }

    /// <summary>From its first probe to its verdict, nanoseconds.</summary>
    public long DurationNs { get; set; }

    /// <summary>Another way of asking that stops at the same size: it is the way there that limits.</summary>
    public PathMtuProof? ConfirmedBy { get; set; }

    /// <summary>Nothing more will be learned of it.</summary>
    public bool IsOver { get; set; }

    /// <summary>Where a black hole is; null when not looked for or not found.</summary>
    public HolePlace? Place { get; set; }
}

/// <summary>Where large packets vanish: between two hops.</summary>
/// <param name="Hop">The last hop they reach; 0 for this host.</param>
/// <param name="Address">Its address; none when silent.</param>
/// <param name="Next">Address of the hop after it; none when silent.</param>
internal readonly record struct HolePlace(int Hop, IpAddress Address, IpAddress Next);
