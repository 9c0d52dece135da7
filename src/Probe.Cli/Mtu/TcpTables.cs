using System.Globalization;
using Probe.Cli.Output;
using Probe.Core.Evidence;
using Probe.Core.Vocabulary;

namespace Probe.Cli.Mtu;

/// <summary>What established connections showed, for people.</summary>
internal static class TcpTables
{
    public static void Write(TcpEvidence tcp, TextWriter writer, Palette palette)
    {
        WriteTransfer(tcp.Upload, "Upload", writer, palette);
        WriteTransfer(tcp.Download, "Download", writer, palette);
        if (tcp.Stall is { } stall)
        {
            WriteStall(stall, writer, palette);
        }

        if (tcp.Mss is { Clamped: true } mss)
        {
            writer.WriteLine($"MSS {mss.Sent} was lowered to {mss.SentArrived} on the way.");
        }

        if (tcp.Mss is { Received: { } told } answer)
        {
            writer.WriteLine(
                $"The SYN-ACK came with MSS {told}, ours left with {answer.Sent}: "
                    + $"packets to it have {answer.LargestPacket} octets at most.");
        }
    }

    private static void WriteTransfer(TcpTransferEvidence? transfer, string direction, TextWriter writer, Palette palette)
    {
        if (transfer is null)
        {
            return;
        }

        var tone = transfer.Verdict switch
        {
            TcpTransferVerdict.Clean => Tone.Good,
            TcpTransferVerdict.AggregationDependentLoss => Tone.Bad,
            _ => Tone.Warning,
        };
        writer.WriteLine(
            palette.Paint(
            StrangerText.ForTerminal(
            $"{direction} over TCP port {transfer.Port} ({StrangerText.Clean(transfer.Payload)}): {Word.Of(transfer.Verdict)} "
                + $"({Word.Of(transfer.Confidence)})"), tone));
        var table = new TextTable(new Column("Pacing"), new Column("Segments", Align.Right), new Column("Again", Align.Right),
            new Column("Loss", Align.Right), new Column("ms", Align.Right), new Column("End"));
        foreach (var pacing in transfer.Pacings)
        {
            var loss = pacing.Loss is { } share ? $"{(share * 100).ToString("0", CultureInfo.InvariantCulture)} %" : "-";
            table.Add(Word.Of(pacing.Pacing), $"{pacing.Segments}", $"{pacing.Retransmitted}", loss,
                Durations.Milliseconds(pacing.DurationNs), pacing.Errno ?? Word.Of(pacing.End));
        }

        table.Write(writer, palette);
        WriteReason(transfer.Reason, writer);
    }

    private static void WriteStall(TcpStallEvidence stall, TextWriter writer, Palette palette)
    {
        var tone = stall.Verdict switch
        {
            TcpStallVerdict.Stall => Tone.Bad,
            TcpStallVerdict.NoStall or TcpStallVerdict.NotLearned => Tone.Good,
            _ => Tone.Warning,
        };
        var waited = stall.StallNs is { } ns ? $", {Durations.Milliseconds(ns)} ms without a packet" : "";
        writer.WriteLine(
            palette.Paint($"Stall test over TCP port {stall.Port}: {Word.Of(stall.Verdict)} ({Word.Of(stall.Confidence)}){waited}", tone));
        WriteReason(stall.Reason, writer);
        if (stall.Learned is { } learned)
        {
            var fits = stall.FittingMss is { } mss ? $"; MSS {mss} fits" : "";
            var until = learned.ExpiresSeconds is { } seconds ? $", for {seconds} s more" : "";
            writer.WriteLine($"This host has learned path MTU {learned.LearnedMtu}{until}{fits}.");
        }
    }

    private static void WriteReason(string? reason, TextWriter writer)
    {
        if (reason is not null)
        {
            writer.WriteLine(StrangerText.ForTerminal(reason));
        }
    }
}
