namespace Probe.Core.Vocabulary;

/// <summary>Why a path MTU verdict is what it is, where the verdict alone does not say it.</summary>
public enum PathMtuReason
{
    /// <summary>Of <c>not-answering</c>: nothing came back. Of <c>unstable</c>: it answered, and then no more.</summary>
    Silence,

    /// <summary>Nobody who serves the target has answered: a load balancer may have spoken for it.</summary>
    NoProof,

    /// <summary>This host has no route to the target.</summary>
    NoRoute,

    /// <summary>This host has no address to send from.</summary>
    NoSource,

    /// <summary>This host could not ask: a system call failed.</summary>
    Local,

    /// <summary>
    /// A rule of this host: of <c>not-answering</c>, it lets no probe leave (EPERM of a send); of a limit, it refuses to send more although
    /// its device would take it.
    /// </summary>
    LocalRule,

    /// <summary>The name does not resolve.</summary>
    Name,

    /// <summary>No resolver answered.</summary>
    Resolver,

    /// <summary>ICMP said so of every size.</summary>
    ProtocolUnreachable,

    /// <summary>ICMP said so of every size.</summary>
    PortUnreachable,

    /// <summary>ICMP said so of every size.</summary>
    HostUnreachable,

    /// <summary>ICMP said so of every size.</summary>
    NetworkUnreachable,

    /// <summary>ICMP said so of every size.</summary>
    AdminProhibited,

    /// <summary>ICMP said so of every size.</summary>
    ParameterProblem,

    /// <summary>A RST answered every size.</summary>
    Reset,

    /// <summary>Another ICMP error answered every size.</summary>
    Unreachable,

    /// <summary>Loss hides the answer.</summary>
    Loss,

    /// <summary>The packets allowed did not suffice.</summary>
    MaxProbes,

    /// <summary>The run ended before the search did.</summary>
    Interrupted,

    /// <summary>A UDP service's own words do not say which size they answer.</summary>
    AmbiguousAnswers,

    /// <summary>In the end this host let nothing leave.</summary>
    CannotSend,

    /// <summary>Echo alone does not tell which direction the limit is on.</summary>
    ReplyPath,

    /// <summary>Less than an IPv6 link must carry (RFC 8200 section 5).</summary>
    Below1280,
}
