using Probe.Core.Linux;
using Probe.Core.Packets;
using Probe.Core.Wire;

namespace Probe.Core.Health;

/// <summary>Says which source address a packet to a target gets; returns 0, or an error number.</summary>
internal delegate int SourceOf(IpAddress target, out IpAddress source);

/// <summary>The headers outside a packet to a target behind a tunnel, with every source in them.</summary>
/// <exception cref="LinuxException">There is no way into the tunnel.</exception>
internal delegate TunnelRoute TunnelTo(CheckTarget target);

/// <summary>What packets to one target are made of besides the target.</summary>
/// <param name="Address">Source of the target's own packet.</param>
/// <param name="Via">Those headers, with all sources; empty for nothing.</param>
internal readonly record struct RawSource(IpAddress Address, EncapsulationStack Via);

/// <summary>The source addresses of checks by raw packets, asked of the kernel and remembered for some seconds.</summary>
/// <param name="plain">Chooses for targets straight ahead.</param>
/// <param name="tunnel">Chooses for targets behind tunnels.</param>
internal sealed class RawSources(SourceOf plain, TunnelTo tunnel)
{
    // How long a source address that the kernel chose is used before it is asked again.
    private const long KeptNs = 1_000_000_000;

    // The way into a tunnel takes many questions, and many targets share it.
    private const long TunnelKeptNs = 5_000_000_000;

    private readonly Dictionary<(EncapsulationStack Via, IpAddress Target), Known> _tunnels = [];
    private Known[] _known = [];

    /// <summary>Finds them; returns 0, or an error number.</summary>
    public int Find(CheckTarget target, long nowNs, out RawSource source)
    {
        if (target.Index >= _known.Length)
        {
            Array.Resize(ref _known, Math.Max(target.Index + 1, _known.Length * 2));
        }

        ref var known = ref _known[target.Index];
        var errno = 0;
        if (nowNs >= known.UntilNs || known.Target != target)
        {
            errno = target.Via.IsEmpty ? AskPlain(target, nowNs, out known) : AskTunnel(target, nowNs, out known);
        }

        source = known.Source;
        return errno;
    }

    /// <summary>The way to a target is asked for anew next time.</summary>
    public void Forget(int index)
    {
        if (_known[index].Target is { Via.IsEmpty: false } target)
        {
            _tunnels.Remove((target.Via, target.Address));
        }

        _known[index] = default;
    }

    private int AskPlain(CheckTarget target, long nowNs, out Known known)
    {
        var errno = plain(target.Address, out var address);
        known = errno == 0 ? new Known(target, new RawSource(address, default), nowNs + KeptNs) : default;
        return errno;
    }

    private int AskTunnel(CheckTarget target, long nowNs, out Known known)
    {
        var key = (target.Via, target.Address);
        if (_tunnels.TryGetValue(key, out known) && nowNs < known.UntilNs)
        {
            known = known with { Target = target };
            return 0;
        }

        try
        {
            var route = tunnel(target);
            known = new Known(target, new RawSource(route.Source, route.Stack), nowNs + TunnelKeptNs);
            _tunnels[key] = known;
            return 0;
        }
        catch (LinuxException e)
        {
            known = default;
            return e.Errno;
        }
    }

    private readonly record struct Known(CheckTarget? Target, RawSource Source, long UntilNs);
}
