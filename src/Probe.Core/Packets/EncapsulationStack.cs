using System.Collections.Immutable;

namespace Probe.Core.Packets;

/// <summary>The encapsulations of a probe packet, outermost first; empty for a plain packet.</summary>
public readonly record struct EncapsulationStack
{
    private readonly ImmutableArray<Encapsulation> _layers;

    /// <summary>Makes a stack of its layers, outermost first.</summary>
    public EncapsulationStack(ImmutableArray<Encapsulation> layers) => _layers = layers;

    /// <summary>The layers, outermost first.</summary>
    public ImmutableArray<Encapsulation> Layers => _layers.IsDefault ? [] : _layers;

    /// <summary>No layer at all.</summary>
    public bool IsEmpty => _layers.IsDefaultOrEmpty;

    /// <summary>The same layers in the same order; <c>==</c> is true only of the very same stack, and faster.</summary>
    public bool SameAs(EncapsulationStack other) => this == other || Layers.AsSpan().SequenceEqual(other.Layers.AsSpan());

    /// <summary>Octets all layers add together.</summary>
    public int Overhead
    {
        get
        {
            var sum = 0;
            foreach (var layer in Layers)
            {
                sum += layer.Overhead;
            }

            return sum;
        }
    }
}
