namespace Probe.Core.Host;

/// <summary>Names of the numbers that the kernel shows of a TCP socket.</summary>
internal static class TcpNames
{
    // enum of include/net/tcp_states.h, from 1.
    private static readonly string[] s_states =
    [
        "unknown", "established", "syn-sent", "syn-recv", "fin-wait-1", "fin-wait-2", "time-wait", "close", "close-wait", "last-ack", "listen", "closing",
        "new-syn-recv",
    ];

    /// <summary>A state's name.</summary>
    public static string State(int state) => state > 0 && state < s_states.Length ? s_states[state] : s_states[0];

    /// <summary>A timer's name (idiag_timer, net/ipv4/inet_diag.c); null for none.</summary>
    public static string? Timer(int timer) => timer switch
    {
        1 => "retransmit",
        2 => "keepalive",
        3 => "time-wait",
        4 => "persist",
        _ => null,
    };
}
