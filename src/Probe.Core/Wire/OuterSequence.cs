using Probe.Core.Linux;

namespace Probe.Core.Wire;

/// <summary>
/// GRE sequence numbers that only rise, from one run to the next too: Linux drops a packet whose number is below the one that it expects
/// (ip_tunnel_rcv of net/ipv4/ip_tunnel.c), whoever sent the last one. They follow this host's monotonic clock in milliseconds, which lasts
/// for 24 days of silence; a burst runs ahead of it.
/// </summary>
/// <param name="nowNs">The clock.</param>
internal sealed class OuterSequence(Func<long> nowNs)
{
    private const long NsPerNumber = 1_000_000;

    private uint _last = (uint)(nowNs() / NsPerNumber);

    /// <summary>Begins at the present time.</summary>
    public OuterSequence()
        : this(static () => Clock.Monotonic)
    {
    }

    /// <summary>The number of the next packet.</summary>
    public uint Next()
    {
        var clock = (uint)(nowNs() / NsPerNumber);

        // Compared as the kernel does: the numbers begin anew after the last.
        return _last = (int)(clock - _last) > 0 ? clock : _last + 1;
    }
}
