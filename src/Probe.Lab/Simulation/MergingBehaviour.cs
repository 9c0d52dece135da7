using Probe.Core.Packets;

namespace Probe.Lab.Simulation;

/// <summary>Merges TCP segments with data of one flow that follow each other, as a receiving interface does (GRO).</summary>
public sealed record MergingSpec
{
    /// <summary>How long a segment waits for the next one of its flow.</summary>
    public long WithinNs { get; init; } = 50_000;

    /// <summary>
    /// What was merged is lost: the fault of a director whose tunnel cannot split it again. False passes the segments on as they came.
    /// </summary>
    public bool LosesMerged { get; init; }
}

/// <summary>See <see cref="MergingSpec"/>.</summary>
internal sealed class MergingBehaviour(MergingSpec spec) : INodeBehaviour
{
    private readonly Dictionary<FlowKey, List<SimulatedPacket>> _held = [];

    public NodeAction Passing(SimulatedNode node, SimulatedPacket packet)
    {
        if (packet.Protocol != IpProtocol.Tcp || !TcpHeader.TryRead(packet.Payload, out var tcp) || tcp.Payload.IsEmpty)
        {
            return NodeAction.Pass;
        }

        var flow = FlowKey.Of(packet);
        if (_held.TryGetValue(flow, out var held))
        {
            held.Add(packet);
        }
        else
        {
            _held.Add(flow, [packet]);
            node.SetTimer(spec.WithinNs, this, flow);
        }

        return NodeAction.Taken;
    }

    public void TimerRan(SimulatedNode node, object state)
    {
        _held.Remove((FlowKey)state, out var held);
        foreach (var packet in held!)
        {
            if (spec.LosesMerged && held.Count > 1)
            {
                node.Drop(packet, DropReason.Merged);
            }
            else
            {
                node.PassOn(packet);
            }
        }
    }
}
