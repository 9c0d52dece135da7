using System.Globalization;
using System.Text.Json;
using System.Text;
using Probe.Core.Evidence;
using Probe.Core.Vocabulary;

namespace Probe.Core.TcpTests;

/// <summary>
/// What is asked of a <see cref="TcpResponder"/>, one line, and what it says after the octets, one line of JSON. Whoever says anything else
/// is listened to and never answered.
/// </summary>
internal static class ResponderProtocol
{
    /// <summary>Longest request line, octets.</summary>
    public const int LongestRequest = 64;

    private const string Greeting = "probe-transfer 1 ";
    private const int LongestReport = 16 * 1024;

    /// <summary>The line that asks for so many octets.</summary>
    public static string Request(TcpPacing pacing, int octets) =>
        string.Create(CultureInfo.InvariantCulture, $"{Greeting}{Word.Of(pacing)} {octets}\n");

    /// <summary>Reads a request.</summary>
    /// <param name="line">Everything received.</param>
    /// <param name="pacing">The pacing wanted.</param>
    /// <param name="octets">Octets wanted, 1 to <see cref="TcpTransfer.MaxOctets"/>.</param>
    /// <returns>True for a request; null while it may still become one.</returns>
    public static bool? TryReadRequest(ReadOnlySpan<byte> line, out TcpPacing pacing, out int octets)
    {
        (pacing, octets) = (default, 0);
        var end = line.IndexOf((byte)'\n');
        if (end < 0)
        {
            var begun = Math.Min(line.Length, Greeting.Length);
            return line.Length <= LongestRequest && line[..begun].SequenceEqual(Encoding.ASCII.GetBytes(Greeting).AsSpan(0, begun))
                ? null : false;
        }

        var words = Encoding.ASCII.GetString(line[..end]).Split(' ');
        if (end > LongestRequest || words is not [_, _, var word, var number] || $"{words[0]} {words[1]} " != Greeting
            || !int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out octets)
            || octets is < 1 or > TcpTransfer.MaxOctets)
        {
            return false;
        }

        return Word.TryRead(word, out pacing);
    }

    /// <summary>The line that follows the octets.</summary>
    public static byte[] Report(TcpPacingEvidence result) =>
        [(byte)'\n', .. JsonSerializer.SerializeToUtf8Bytes(result, EvidenceJsonTypes.Compact<TcpPacingEvidence>()), (byte)'\n'];

    /// <summary>The report behind the octets; null when there is none, or it is none.</summary>
    public static TcpPacingEvidence? ReadReport(ReadOnlySpan<byte> received)
    {
        var start = received.IndexOf((byte)'\n');
        if (start < 0 || received.Length - start is < 3 or > LongestReport || received[^1] != (byte)'\n')
        {
            return null;
        }

        try
        {
            return JsonSerializer.Deserialize(received[start..], EvidenceJsonTypes.Compact<TcpPacingEvidence>()) is { } report
                && IsSane(report)
                ? report with { Errno = report.Errno is null ? null : StrangerText.Clean(report.Errno), LargestPacket = null }
                : null;
        }
        catch (JsonException)
        {
            // A stranger's service: what it sends is its own affair.
            return null;
        }
    }

    private static bool IsSane(TcpPacingEvidence report) =>
        report is { Octets: >= 0 and <= TcpTransfer.MaxOctets, Acknowledged: >= 0, Segments: >= 0, Retransmitted: >= 0, Resized: >= 0,
            DurationNs: >= 0, Loss: null or (>= 0 and <= 1) };
}
