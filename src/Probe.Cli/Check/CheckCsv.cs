using Probe.Cli.Output;
using Probe.Core.Evidence;
using Probe.Core.Vocabulary;

namespace Probe.Cli.Check;

/// <summary>Checks as CSV, one row each, as they end.</summary>
internal sealed class CheckCsv
{
    private readonly CsvWriter _csv;

    public CheckCsv(TextWriter writer)
    {
        _csv = new CsvWriter(writer);
        _csv.Header(
            "target", "address", "port", "kind", "engine", "verdict", "rtt_ns", "errno", "icmp_type", "icmp_code", "icmp_from",
            "syn_retransmits", "reason", "attempt", "ack_escaped",
            "via", "real");
    }

    /// <summary>Writes one row.</summary>
    public void Write(CheckEvidence check)
    {
        _csv.Text(check.Target).Text(check.Address).Number(check.Port).Text(Word.Of(check.Kind)).Text(Word.Of(check.Engine))
            .Text(Word.Of(check.Verdict))
            .Number(check.RttNs).Text(check.Errno).Number(check.Icmp?.Type).Number(check.Icmp?.Code).Text(check.Icmp?.From)
            .Number(check.SynRetransmits)
            .Text(check.Reason?.ToString()).Number(check.Attempt).Flag(check.AckEscaped)
            .Text(string.Join(' ', check.Via)).Text(check.Real).EndRow();
    }
}
