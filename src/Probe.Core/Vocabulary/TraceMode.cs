namespace Probe.Core.Vocabulary;

/// <summary>Which sockets carried a trace.</summary>
public enum TraceMode
{
    /// <summary>Raw sockets, which see whole packets.</summary>
    Raw,

    /// <summary>UDP, ICMP and TCP sockets that any user may open (no CAP_NET_RAW).</summary>
    Unprivileged,
}
