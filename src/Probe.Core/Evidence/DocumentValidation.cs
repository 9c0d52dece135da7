using System.Collections;
using System.Text.Json;

namespace Probe.Core.Evidence;

/// <summary>What the types of a document cannot say about its values. Readers behind it may rely on this.</summary>
internal static class DocumentValidation
{
    /// <summary>The first defect, with a JSON pointer to it; null when there is none.</summary>
    public static string? FirstDefect(Bundle bundle)
    {
        for (var t = 0; t < (bundle.Traces?.Count ?? 0); t++)
        {
            var at = $"/traces/{t}";
            if (Trace(bundle.Traces![t], at) is { } defect)
            {
                return defect;
            }
        }

        for (var c = 0; c < (bundle.Checks?.Count ?? 0); c++)
        {
            if (Check(bundle.Checks![c], $"/checks/{c}") is { } defect)
            {
                return defect;
            }
        }

        for (var p = 0; p < (bundle.PathMtus?.Count ?? 0); p++)
        {
            if (bundle.PathMtus![p].Tcp is { } tcp && Tcp(tcp, $"/pathMtus/{p}/tcp") is { } defect)
            {
                return defect;
            }
        }

        return null;
    }

    /// <summary>Lists hold no nulls; the serializer's null checks stop at properties.</summary>
    public static void RefuseNullElements(object list)
    {
        foreach (var element in (IEnumerable)list)
        {
            if (element is null)
            {
                throw new JsonException("A list of the document holds null.");
            }
        }
    }

    private static string? Trace(TraceEvidence trace, string at)
    {
        if (Negative(trace.LocalLost, $"{at}/localLost") is { } lost)
        {
            return lost;
        }

        var previous = -1;
        for (var h = 0; h < trace.Hops.Count; h++)
        {
            var hop = trace.Hops[h];
            var here = $"{at}/hops/{h}";
            if (hop.Ttl is < 0 or > 255 || hop.Ttl <= previous)
            {
                return $"{here}/ttl: a TTL is 0 to 255, and hops stand in its order";
            }

            previous = hop.Ttl;
            if ((Counts(hop.Sent, hop.Received, here) ?? Fraction(hop.Loss, $"{here}/loss")
                ?? Fraction(hop.RateLimited, $"{here}/rateLimited") ?? Nodes(hop.Nodes, here)) is { } defect)
            {
                return defect;
            }
        }

        return null;
    }

    private static string? Check(CheckEvidence check, string at) =>
        Negative(check.RttNs ?? 0, $"{at}/rttNs") ?? Negative(check.SynRetransmits, $"{at}/synRetransmits")
        ?? (check.Port is < 0 or > 65535 ? $"{at}/port: a port is 0 to 65535" : check.Attempt < 1
            ? $"{at}/attempt: checks of a target count from 1" : null);

    private static string? Tcp(TcpEvidence tcp, string at) =>
        Pacings(tcp.Upload, $"{at}/upload") ?? Pacings(tcp.Download, $"{at}/download") ?? Stall(tcp.Stall, $"{at}/stall");

    private static string? Pacings(TcpTransferEvidence? transfer, string at)
    {
        for (var p = 0; p < (transfer?.Pacings.Count ?? 0); p++)
        {
            var (pacing, here) = (transfer!.Pacings[p], $"{at}/pacings/{p}");
            if ((Negative(pacing.Segments, $"{here}/segments") ?? Negative(pacing.Retransmitted, $"{here}/retransmitted")
                ?? Fraction(pacing.Loss, $"{here}/loss")) is { } defect)
            {
                return defect;
            }
        }

        return null;
    }

    private static string? Stall(TcpStallEvidence? stall, string at) =>
        Negative(stall?.StallNs ?? 0, $"{at}/stallNs") ?? Negative(stall?.Learned?.LearnedMtu ?? 0, $"{at}/learned/learnedMtu");

    private static string? Nodes(IReadOnlyList<NodeEvidence> nodes, string hop)
    {
        for (var n = 0; n < nodes.Count; n++)
        {
            var (node, at) = (nodes[n], $"{hop}/nodes/{n}");
            var defect = Counts(node.Sent ?? 0, node.Received, at) ?? Fraction(node.Loss, $"{at}/loss");
            for (var r = 0; defect is null && r < node.Replies.Count; r++)
            {
                defect = Negative(node.Replies[r].Count, $"{at}/replies/{r}/count")
                    ?? Negative(node.Replies[r].Mtu ?? 0, $"{at}/replies/{r}/mtu");
            }

            if (defect is not null)
            {
                return defect;
            }
        }

        return null;
    }

    private static string? Counts(int sent, int received, string at) =>
        Negative(sent, $"{at}/sent") ?? Negative(received, $"{at}/received");

    private static string? Negative(long value, string at) => value < 0 ? $"{at}: a count is not negative" : null;

    // A fraction made by subtraction may be a rounding error outside.
    private static string? Fraction(double? value, string at) =>
        value is null or (>= -1e-9 and <= 1 + 1e-9) ? null : $"{at}: a fraction is 0 to 1";
}
