using Probe.Core.Evidence;
using Probe.Core.Vocabulary;

namespace Probe.Testing;

/// <summary>Documents of path MTU searches, as the run writes them.</summary>
internal static class MtuSamples
{
    public static Bundle Document(params PathMtuEvidence[] paths) => Samples.Document() with { Command = ["probe", "mtu", "192.0.2.9"], Traces = null, PathMtus = paths };

    public static PathMtuEvidence Path(PathMtuVerdict verdict, int? mtu, params PathMtuSignal[] signals) => new()
    {
        Target = "backend.example",
        Address = "192.0.2.9",
        Protocol = ProbeProtocol.Tcp,
        Port = 443,
        Source = "192.0.2.1",
        Mtu = mtu,
        OuterMtu = mtu,
        FirstHopMtu = 1500,
        Verdict = verdict,
        Confidence = Confidence.Proved,
        Signals = signals,
        LargestAnswered = mtu,
        SmallestLost = mtu == 1500 ? null : mtu + 1,
        ProvedBy = mtu is null ? null : PathMtuProof.SynPayload,
        Loss = 0,
        RttNs = 250_000,
        Sent = 28,
        DurationNs = 112_000_000,
        ExactSent = 22,
        ExactNs = 80_000_000,
        Sizes = mtu is not { } size ? [new PathMtuSize(68, 4, 0)] : size == 1500 ? [new PathMtuSize(68, 1, 1), new PathMtuSize(1500, 1, 1)]
            : [new PathMtuSize(68, 2, 2), new PathMtuSize(size, 1, 1), new PathMtuSize(size + 1, 5, 0, signals.Length), new PathMtuSize(1500, 3, 0, signals.Length)],
    };

    public static PathMtuSignal Signal(string from, int mtu, PathMtuRole role = PathMtuRole.Router, int? hop = 2, bool implausible = false) =>
        new() { From = from, Mtu = mtu, Role = role, Hop = hop, QuotedLength = 1500, Implausible = implausible };

    public static PathMtuEvidence BlackHole() => Path(PathMtuVerdict.BlackHole, 1400) with { Hop = 2, HopAddress = "198.51.100.2", NextHopAddress = "198.51.100.6" };

    public static PathMtuEvidence RelayBug() => Path(PathMtuVerdict.WrongSignal, 1368, Signal("192.0.2.9", 1380, PathMtuRole.TunnelEntry, hop: 4)) with
    {
        Arithmetic = new PathMtuArithmetic(1380, 1368, 12, "only the outer IP header was subtracted, not UDP and GUE."),
    };

    /// <summary>One of each verdict.</summary>
    public static Bundle All() => Document(
        Path(PathMtuVerdict.Clear, 1500),
        Path(PathMtuVerdict.Signalled, 1400, Signal("198.51.100.2", 1400)),
        Path(PathMtuVerdict.Signalled, 1480, Signal("192.0.2.9", 1480, PathMtuRole.TunnelEntry, hop: 4)),
        BlackHole(),
        RelayBug(),
        Path(PathMtuVerdict.WrongSignal, 1480, Signal("198.51.100.2", 0, implausible: true)),
        Path(PathMtuVerdict.ReturnPath, 1500) with { ReturnMtu = 1400 },
        Path(PathMtuVerdict.NotAnswering, null) with { Via = ["gue:192.0.2.33"], Overhead = 32, Reason = PathMtuReason.PortUnreachable, Real = "192.0.2.33", Confidence = Confidence.Likely },
        Path(PathMtuVerdict.Unstable, 1004) with { Confidence = Confidence.Hint, Loss = 0.4, Reason = PathMtuReason.Loss });
}
