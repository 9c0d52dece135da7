using System.Runtime.InteropServices;
using Probe.Core.Packets;

namespace Probe.Core.Wire;

/// <summary>A stack of encapsulations seen from one of its layers on.</summary>
/// <param name="Stack">All of it.</param>
/// <param name="First">The layer, from 0 for the outermost.</param>
internal readonly record struct StackFrom(EncapsulationStack Stack, int First)
{
    /// <summary>The layers from there on.</summary>
    public ReadOnlySpan<Encapsulation> Layers => Stack.Layers.AsSpan()[First..];
}

/// <summary>
/// The stacks of encapsulations that probes have around them, found by the ends of their tunnels: there may be one for each of ten thousand
/// servers.
/// </summary>
internal sealed class TunnelStacks
{
    private readonly HashSet<EncapsulationStack> _known = new(new ByLayers());
    private readonly Dictionary<IpAddress, List<StackFrom>> _byEnd = [];
    private EncapsulationStack _last;

    /// <summary>Remembers one.</summary>
    public void Add(EncapsulationStack stack)
    {
        if (stack == _last || !_known.Add(_last = stack))
        {
            return;
        }

        for (var first = 0; first < stack.Layers.Length; first++)
        {
            ref var ending = ref CollectionsMarshal.GetValueRefOrAddDefault(_byEnd, stack.Layers[first].Remote, out _);
            (ending ??= []).Add(new StackFrom(stack, first));
        }
    }

    /// <summary>Those with a layer whose tunnel ends there.</summary>
    public ReadOnlySpan<StackFrom> EndingAt(IpAddress address) => CollectionsMarshal.AsSpan(_byEnd.GetValueOrDefault(address));

    private sealed class ByLayers : IEqualityComparer<EncapsulationStack>
    {
        public bool Equals(EncapsulationStack x, EncapsulationStack y) => x.SameAs(y);

        public int GetHashCode(EncapsulationStack stack)
        {
            var hash = default(HashCode);
            foreach (var layer in stack.Layers)
            {
                hash.Add(layer);
            }

            return hash.ToHashCode();
        }
    }
}
