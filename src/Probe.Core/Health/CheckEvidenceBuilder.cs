using Probe.Core.Evidence;
using Probe.Core.Linux;
using Probe.Core.Packets;
using Probe.Core.Vocabulary;

namespace Probe.Core.Health;

/// <summary>Judged checks as the document holds them.</summary>
public static class CheckEvidenceBuilder
{
    /// <summary>One check.</summary>
    /// <param name="target">What was checked.</param>
    /// <param name="engine">Whose sockets carried it.</param>
    /// <param name="outcome">How it went.</param>
    /// <param name="verdict">What it says about the target.</param>
    /// <param name="reason">Why; null where the verdict says it all.</param>
    /// <param name="zeroNs">The engine's clock at the document's begin.</param>
    /// <param name="dnsNs">How long its name took to resolve; null for an address.</param>
    public static CheckEvidence Build(
        CheckTarget target, CheckEngineKind engine, in CheckOutcome outcome, CheckVerdict verdict, CheckReasonKind? reason, long zeroNs,
        long? dnsNs)
    {
        ArgumentNullException.ThrowIfNull(target);
        return new CheckEvidence
        {
            Target = target.Name,
            Address = target.Address.ToString(),
            Port = PortOf(target.Kind, target.Port),
            Kind = target.Kind,
            Engine = engine,
            Via = Texts(target.Via),
            Real = target.Real,
            Weight = target.Weight,
            Expected = target.Question.Expected == ExpectedState.Up ? null : target.Question.Expected,
            Attempt = outcome.Attempt,
            Verdict = verdict,
            Reason = reason is { } why ? new CheckReason(why, why == CheckReasonKind.Status ? outcome.HttpStatus : 0) : null,

            // What this host said to itself was no answer, however long it took.
            RttNs = verdict is CheckVerdict.Local or CheckVerdict.NoAnswer ? null : Known(outcome.RttNs),
            Errno = outcome.Errno == 0 ? null : Errno.Name(outcome.Errno),
            Icmp = outcome.End == CheckEnd.IcmpError
                ? new IcmpEvidence(outcome.IcmpType, outcome.IcmpCode, outcome.IcmpFrom.ToString()) : null,
            Phases = PhasesOf(dnsNs, target.Kind == CheckKind.Syn ? null : Known(outcome.ConnectNs), Known(outcome.TlsNs),
                Known(outcome.FirstByteNs)),
            FailedIn = outcome.FailedIn,
            HttpStatus = outcome.HttpStatus == 0 ? null : outcome.HttpStatus,
            SynRetransmits = outcome.SynRetransmits,
            AckEscaped = outcome.AckEscaped,
            StartedNs = outcome.StartedNs - zeroNs,
        };
    }

    /// <summary>A target whose name does not resolve, while the run goes on with others.</summary>
    /// <param name="name">The target as the user wrote it.</param>
    /// <param name="port">Its port.</param>
    /// <param name="kind">What was to be done.</param>
    /// <param name="engine">Whose sockets would have carried it.</param>
    /// <param name="noResolver">No resolver answered, so that the name is not to blame.</param>
    /// <param name="dnsNs">How long it took to know.</param>
    /// <param name="via">The tunnels on its way.</param>
    /// <param name="real">The real server; null for none.</param>
    /// <param name="weight">Its weight; null where none is known.</param>
    public static CheckEvidence Unresolved(
        string name, ushort port, CheckKind kind, CheckEngineKind engine, bool noResolver, long dnsNs, EncapsulationStack via = default,
        string? real = null, int? weight = null) => new()
    {
        Target = name,
        Port = PortOf(kind, port),
        Kind = kind,
        Engine = engine,
        Via = Texts(via),
        Real = real,
        Weight = weight,
        Attempt = 1,
        Verdict = noResolver ? CheckVerdict.Local : CheckVerdict.Unreachable,
        Reason = noResolver ? CheckReasonKind.Resolver : CheckReasonKind.Name,
        Phases = new PhaseEvidence { DnsNs = dnsNs },
        FailedIn = CheckPhase.Dns,
        StartedNs = 0,
    };

    private static PhaseEvidence? PhasesOf(long? dnsNs, long? connectNs, long? tlsNs, long? firstByteNs) =>
        (dnsNs ?? connectNs ?? tlsNs ?? firstByteNs) is null ? null
            : new PhaseEvidence { DnsNs = dnsNs, ConnectNs = connectNs, TlsNs = tlsNs, FirstByteNs = firstByteNs };

    private static IReadOnlyList<string> Texts(EncapsulationStack via) => via.IsEmpty ? [] : [.. via.Layers.Select(EncapsulationText.Of)];

    private static int? PortOf(CheckKind kind, ushort port) => kind == CheckKind.Icmp ? null : port;

    private static long? Known(long ns) => ns < 0 ? null : ns;
}
