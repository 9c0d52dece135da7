using Probe.Cli.Frame;
using Probe.Cli.Output;
using Probe.Core.Evidence;
using Probe.Core.Linux;
using Probe.Core.Probing;
using Probe.Core.Vocabulary;
using Probe.Core.Wire;

namespace Probe.Cli.Trace;

/// <summary>What a trace without CAP_NET_RAW cannot do, in words; for a trace with it there is nothing to say.</summary>
internal static class UnprivilegedTrace
{
    private const string Quoted = "the header that a router quotes (NAT, remarked DSCP, zero-TTL forwarding)";

    /// <summary>Refuses a size that only raw sockets could send.</summary>
    /// <exception cref="UserError">The size of a SYN is the kernel's.</exception>
    public static void CheckSize(ProbeSockets sockets, TraceRequest request, int size)
    {
        if (sockets.Unprivileged is not null && request.Protocol == ProbeProtocol.Tcp
            && size != ProbeWriter.DefaultSize(sockets.Source.IsV6))
        {
            throw UserError.CannotRun(
                $"cannot send a SYN of {size} octets without raw sockets, its size is the kernel's: leave out --size, or {Privilege}");
        }
    }

    /// <summary>A capture was asked for and there is none.</summary>
    public static bool LacksCapture(OpenTrace open) => open.Request.Probing.Capture is not null && !open.IsRecorded;

    /// <summary>What is missing in the document, and why.</summary>
    public static IEnumerable<Gap> Gaps(OpenTrace open)
    {
        if (open.Sockets.Unprivileged is not { } unprivileged)
        {
            yield break;
        }

        var protocol = open.Request.Protocol;
        yield return new Gap($"{Word.Of(TraceMode.Unprivileged)} mode",
            $"{TraceWords.SocketsOf(protocol)} do not show {Unseen(protocol, open.Target.IsV6)}; to see more {Privilege}");
        if (unprivileged.Untold > 0)
        {
            yield return new Gap("answers",
                $"{unprivileged.Untold} quoted too little of their probe to tell which one they answer, and count as lost in this host");
        }

        if (LacksCapture(open))
        {
            yield return new Gap(
                "capture", $"{open.Request.Probing.Capture!.File} was not written: it needs raw sockets; {Privilege}");
        }
    }

    /// <summary>The mode in a sentence.</summary>
    public static string Mode(ProbeProtocol protocol) =>
        $"unprivileged mode ({TraceWords.SocketsOf(protocol)}); for raw sockets {Privilege}";

    private static string Privilege => LinuxException.HowToGrant("CAP_NET_RAW");

    private static string Unseen(ProbeProtocol protocol, bool v6) => (protocol, v6) switch
    {
        (ProbeProtocol.Tcp, false) => $"{Quoted}, a fragmentation-needed (its hop stays silent), nor an answer later than the next probe",
        (ProbeProtocol.Tcp, true) => $"{Quoted}, a Packet Too Big (its hop stays silent), nor an answer later than the next probe",
        (ProbeProtocol.Udp, true) => $"{Quoted}, nor a Packet Too Big (its hop stays silent)",
        (_, false) => $"{Quoted}, and send without the DF bit",
        _ => Quoted,
    };

}
