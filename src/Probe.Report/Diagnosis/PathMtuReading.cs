using Probe.Core.Evidence;
using Probe.Core.Packets;
using Probe.Core.Vocabulary;
using static Probe.Report.Diagnosis.TraceReading;

namespace Probe.Report.Diagnosis;

/// <summary>How rules read path MTUs.</summary>
internal static class PathMtuReading
{
    /// <summary>Every path MTU of these verdicts with its JSON pointer.</summary>
    public static IEnumerable<(PathMtuEvidence Path, string Pointer)> PathMtusOf(this Bundle bundle, params PathMtuVerdict[] verdicts) =>
        (bundle.PathMtus ?? []).Select((path, i) => (path, $"/pathMtus/{i}"))
            .Where(at => verdicts.Length == 0 || verdicts.Contains(at.path.Verdict));

    /// <summary>Where a finding about it is.</summary>
    public static string Where(this PathMtuEvidence path)
    {
        var hop = path.Hop is { } number
            ? $"hop {number}{(path.HopAddress is { } address ? $" ({StrangerText.Clean(address)})" : "")}" : "path";
        return $"{hop} to {StrangerText.Clean(path.Target)}{(path.Real is { } real ? $" on {StrangerText.Clean(real)}" : "")}";
    }

    /// <summary>The step between what passes and what does not, as evidence.</summary>
    public static IEnumerable<EvidenceItem> Step(this PathMtuEvidence path, string pointer)
    {
        if (path.LargestAnswered is { } passes)
        {
            yield return new EvidenceItem(
                Say($"answered ({(path.ProvedBy is { } proof ? Word.Of(proof) : "answer"):ours})"), $"{passes} octets",
                $"{pointer}/largestAnswered");
        }

        if (path.SmallestLost is { } lost)
        {
            var size = path.Sizes.FirstOrDefault(one => one.Size == lost);
            yield return new EvidenceItem(Say($"never answered, {size?.Sent ?? 1} probes"), $"{lost} octets", $"{pointer}/smallestLost");
        }
    }

    /// <summary>What was signalled, as evidence.</summary>
    public static IEnumerable<EvidenceItem> Said(this PathMtuEvidence path, string pointer) =>
        path.Signals.Select((signal, i) => new EvidenceItem(
        Say($"{(PathMtuWords.IsV6(path) ? "ICMPv6 2/0" : "ICMP 3/4"):ours} from {signal.From}, {Word.Of(signal.Role):ours}, "
            + $"×{signal.Count}"),
        $"MTU {signal.Mtu}{(signal.InnerMtu is > 0 and var inner ? $" outside, {inner} inside" : "")}", $"{pointer}/signals/{i}"));

    /// <summary>
    /// The finding with the command that asks the same question again: it exits 1 as long as the fault is there, and 0 once it is repaired.
    /// Made of typed fields only; without a command where one of them cannot be read.
    /// </summary>
    /// <param name="finding">What was found.</param>
    /// <param name="path">Where.</param>
    /// <param name="flows">Flows to compare; null for as many as without a word.</param>
    public static Finding Verified(this Finding finding, PathMtuEvidence path, int? flows = null)
    {
        if (!IpAddress.TryParse(path.Address ?? "", out var address) || ViaOptions(path) is not { } via
            || ConversationOptions(path) is not { } conversation)
        {
            return finding;
        }

        // Only echo replies are as large as what they answer, and through a tunnel a stray segment is what proves: both are asked without a
        // word.
        var isAskedAnyway = path.Verdict == PathMtuVerdict.ReturnPath || (path.Via.Count > 0 && path.ProvedBy == PathMtuProof.Ack);
        var protocol = isAskedAnyway ? "" : path.Protocol switch { ProbeProtocol.Udp => " --udp", ProbeProtocol.Tcp => " --tcp", _ => "" };
        var port = path.Port is { } number && protocol.Length > 0 ? $" -p {number}" : "";
        var compared = flows is { } most ? $" --flows {most}" : "";

        // A fault makes the command exit 1 by itself; what is none is told from the repaired path by its size alone.
        var expected = !finding.IsFault() && path.FirstHopMtu is { } first ? $" --expect {first - path.Overhead}" : "";
        return finding with { Verify = $"probe mtu{protocol}{port}{compared}{conversation}{via} {address}{expected}" };
    }

    /// <summary>The test over connections that proved what passes, as options; null where it sent a file that is not here.</summary>
    private static string? ConversationOptions(PathMtuEvidence path)
    {
        if (path is not { Verdict: PathMtuVerdict.ReturnPath, ProvedBy: PathMtuProof.Established })
        {
            return "";
        }

        var payload = (path.Tcp?.Upload?.Payload ?? path.Tcp?.Stall?.Payload) switch
        {
            "http" => "http",
            "tls" => "tls",
            "zeros" => "zeros",
            _ => null,
        };
        return payload is null ? null : $" {(path.Tcp?.Upload is null ? "--tcp-stall" : "--tcp-upload")} --payload {payload}";
    }

    /// <summary>The tunnels as options; null when the text of one is no tunnel.</summary>
    private static string? ViaOptions(PathMtuEvidence path)
    {
        var options = "";
        foreach (var text in path.Via)
        {
            if (!EncapsulationText.TryParse(text, out var layer, out _))
            {
                return null;
            }

            options += $" --via {ShellText.Quote(EncapsulationText.Of(layer))}";
        }

        return options;
    }
}
