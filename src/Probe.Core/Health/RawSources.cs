using Probe.Core.Linux;
using Probe.Core.Packets;
using Probe.Core.Probing;

namespace Probe.Core.Health;

/// <summary>Says which source address a packet to a target gets; returns 0, or an error number.</summary>
internal delegate int SourceOf(IpAddress target, out IpAddress source);

/// <summary>Says what a packet to a target behind a tunnel wears, with every source in it.</summary>
/// <exception cref="LinuxException">There is no way into the tunnel.</exception>
internal delegate TunnelRoute TunnelTo(CheckTarget target);

/// <summary>What packets to one target are made of besides the target.</summary>
/// <param name="Address">Source of the target's own packet.</param>
/// <param name="Via">What it wears, with all sources; empty for nothing.</param>
internal readonly record struct RawSource(IpAddress Address, EncapsulationStack Via);

/// <summary>The source addresses of checks by raw packets, asked of the kernel and remembered for a second.</summary>
/// <param name="plain">Chooses for targets straight ahead.</param>
/// <param name="tunnel">Chooses for targets behind tunnels.</param>
internal sealed class RawSources(SourceOf plain, TunnelTo tunnel)
{
    // How long a source address that the kernel chose is used before it is asked again.
    private const long KeptNs = 1_000_000_000;

    private Known[] _known = [];

    /// <summary>Finds them; returns 0, or an error number.</summary>
    public int Find(CheckTarget target, long nowNs, out RawSource source)
    {
        if (target.Index >= _known.Length)
        {
            Array.Resize(ref _known, Math.Max(target.Index + 1, _known.Length * 2));
        }

        ref var known = ref _known[target.Index];
        source = known.Source;
        if (nowNs < known.UntilNs && known.Target == target)
        {
            return 0;
        }

        var errno = Ask(target, out source);
        known = errno == 0 ? new Known(target, source, nowNs + KeptNs) : default;
        return errno;
    }

    /// <summary>The way to a target is asked for anew next time.</summary>
    public void Forget(int index) => _known[index] = default;

    private int Ask(CheckTarget target, out RawSource source)
    {
        if (target.Via.IsEmpty)
        {
            var errno = plain(target.Address, out var address);
            source = new RawSource(address, default);
            return errno;
        }

        try
        {
            var route = tunnel(target);
            source = new RawSource(route.Source, route.Stack);
            return 0;
        }
        catch (LinuxException e)
        {
            source = default;
            return e.Errno;
        }
    }

    private readonly record struct Known(CheckTarget? Target, RawSource Source, long UntilNs);
}
