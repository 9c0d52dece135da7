using Probe.Core.Evidence;
using Probe.Core.Vocabulary;

namespace Probe.Testing;

/// <summary>A document of health checks, as the run writes it.</summary>
internal static class CheckSamples
{
    public static Bundle Document(params CheckEvidence[] checks) => Samples.Document() with { Command = ["probe", "check", "-F", "backends.txt"], Traces = null, Checks = checks };

    public static CheckEvidence Check(string target, CheckVerdict verdict, CheckReason? reason = null) => new()
    {
        Target = target,
        Address = "192.0.2.1",
        Port = 80,
        Kind = CheckKind.Syn,
        Engine = CheckEngineKind.Sockets,
        Attempt = 1,
        Verdict = verdict,
        Reason = reason,
        RttNs = verdict == CheckVerdict.Up ? 71_000 : null,
        StartedNs = 1_000_000,
    };

    /// <summary>One of each kind.</summary>
    public static Bundle Mixed() => Document(
        Check("a.example:80", CheckVerdict.Up),
        Check("b.example:80", CheckVerdict.NoAnswer, CheckReasonKind.Neighbour),
        Check("c.example:80", CheckVerdict.Unreachable) with { Icmp = new IcmpEvidence(3, 13, "198.51.100.1"), Errno = "EHOSTUNREACH", FailedIn = CheckPhase.Connect },
        Check("d.example:80", CheckVerdict.Local, CheckReasonKind.Gateway),
        Check("e.example:443", CheckVerdict.Reset) with { Kind = CheckKind.Tls, FailedIn = CheckPhase.Tls, Phases = new PhaseEvidence { DnsNs = 1, ConnectNs = 2 } },
        Check("f.example:80", CheckVerdict.Refused) with { Expected = ExpectedState.Refused, Attempt = 2, SynRetransmits = 1, AckEscaped = true },
        Check("f.example:80", CheckVerdict.NoAnswer) with { Expected = ExpectedState.Refused },
        Check("g.example:80", CheckVerdict.Mismatch, new CheckReason(CheckReasonKind.Status, 503)) with { Kind = CheckKind.Http, HttpStatus = 503 });
}
