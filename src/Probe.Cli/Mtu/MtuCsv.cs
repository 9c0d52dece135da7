using Probe.Cli.Output;
using Probe.Core.Evidence;
using Probe.Core.Vocabulary;
using Probe.Report;
using Probe.Report.Diagnosis;

namespace Probe.Cli.Mtu;

/// <summary>Path MTUs as CSV, one row each, as they are found.</summary>
internal sealed class MtuCsv
{
    private readonly CsvWriter _csv;

    public MtuCsv(TextWriter writer)
    {
        _csv = new CsvWriter(writer);
        _csv.Header(
            "target", "address", "protocol", "port", "via", "real", "flow", "source_port", "mtu", "outer_mtu", "overhead", "verdict",
            "confidence", "reason", "hop", "hop_address",
            "largest_answered", "smallest_lost", "proved_by", "signal_from", "signal_mtu", "signal_role", "return_mtu", "loss", "sent",
            "duration_ns");
    }

    /// <summary>Writes one row.</summary>
    public void Write(PathMtuEvidence path)
    {
        var signal = PathMtuWords.Decisive(path);
        _csv.Text(path.Target).Text(path.Address).Text(Word.Of(path.Protocol)).Number(path.Port).Text(string.Join(' ', path.Via))
            .Text(path.Real).Number(path.Flow?.Id).Number(path.Flow?.SourcePort)
            .Number(path.Mtu).Number(path.OuterMtu).Number(path.Overhead).Text(Word.Of(path.Verdict)).Text(Word.Of(path.Confidence))
            .Text(Word.Of(path.Reason)).Number(path.Hop).Text(path.HopAddress)
            .Number(path.LargestAnswered).Number(path.SmallestLost).Text(path.ProvedBy is { } proof ? Word.Of(proof) : null)
            .Text(signal?.From).Number(signal?.Mtu)
            .Text(signal is null ? null : Word.Of(signal.Role)).Number(path.ReturnMtu).Fraction(path.Loss).Number(path.Sent)
            .Number(path.DurationNs).EndRow();
    }
}
