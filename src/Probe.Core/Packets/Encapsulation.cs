using System.Collections.Immutable;

namespace Probe.Core.Packets;

/// <summary>One header a packet wears outside its own IP header: IPIP, GUE, VXLAN, ….</summary>
public abstract record Encapsulation
{
    /// <summary>Octets this encapsulation adds, its outer IP header included.</summary>
    public abstract int Overhead { get; }

    /// <summary>The ENCAP text a user would write for it.</summary>
    public abstract string Text { get; }
}

/// <summary>The encapsulations of a probe packet, outermost first; empty for a plain packet.</summary>
public readonly record struct EncapsulationStack
{
    private readonly ImmutableArray<Encapsulation> _layers;

    /// <summary>Makes a stack of its layers, outermost first.</summary>
    public EncapsulationStack(ImmutableArray<Encapsulation> layers) => _layers = layers;

    /// <summary>The layers, outermost first.</summary>
    public ImmutableArray<Encapsulation> Layers => _layers.IsDefault ? [] : _layers;

    /// <summary>Octets all layers add together.</summary>
    public int Overhead => Layers.Sum(layer => layer.Overhead);
}
