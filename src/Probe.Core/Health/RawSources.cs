using System.Collections.Immutable;
using Probe.Core.Linux;
using Probe.Core.Packets;

namespace Probe.Core.Health;

/// <summary>Says which source address a packet to a target gets; returns 0, or an error number.</summary>
internal delegate int SourceOf(IpAddress target, out IpAddress source);

/// <summary>The source addresses of packets to one target.</summary>
/// <param name="Inner">Of the target's own packet.</param>
/// <param name="Outer">Of each encapsulation, outermost first; empty for none.</param>
internal readonly record struct RawSource(IpAddress Inner, ImmutableArray<IpAddress> Outer);

/// <summary>The source addresses of checks by raw packets, asked of the kernel and remembered for a second.</summary>
/// <param name="inner">Chooses for targets.</param>
/// <param name="outer">Chooses for tunnels; a source that the user gave is the inner packet's.</param>
internal sealed class RawSources(SourceOf inner, SourceOf outer)
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

        var errno = Ask(target, ref source);
        known = errno == 0 ? new Known(target, source, nowNs + KeptNs) : default;
        return errno;
    }

    /// <summary>The way to a target is asked for anew next time.</summary>
    public void Forget(int index) => _known[index] = default;

    private int Ask(CheckTarget target, ref RawSource source)
    {
        if (target.Via.IsEmpty)
        {
            var plain = inner(target.Address, out var chosen);
            source = new RawSource(chosen, []);
            return plain;
        }

        var layers = target.Via.Layers;
        var outside = ImmutableArray.CreateBuilder<IpAddress>(layers.Length);
        foreach (var layer in layers)
        {
            var address = layer.Source;
            if (address.IsNone && outer(layer.Remote, out address) is var failed and not 0)
            {
                return failed;
            }

            outside.Add(address);
        }

        var errno = inner(target.Address, out var own);
        if (errno != 0 || own == target.Address)
        {
            // On a director the target is an address of its own, and no source for a packet to it; the answer finds any other.
            own = outside[0];
            errno = own.Length == target.Address.Length ? 0 : errno != 0 ? errno : Errno.EADDRNOTAVAIL;
        }

        source = new RawSource(own, outside.MoveToImmutable());
        return errno;
    }

    private readonly record struct Known(CheckTarget? Target, RawSource Source, long UntilNs);
}
