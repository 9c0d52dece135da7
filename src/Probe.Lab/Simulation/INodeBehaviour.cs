namespace Probe.Lab.Simulation;

/// <summary>What a behaviour did with a packet.</summary>
public enum NodeAction
{
    /// <summary>Nothing, or it changed the packet in place: the node goes on with it.</summary>
    Pass,

    /// <summary>It owns the packet now and has dropped, consumed or sent it.</summary>
    Taken,
}

/// <summary>
/// One thing a node does beyond plain forwarding: a filter, a NAT, a tunnel, a host. A node is composed of them; each is asked in
/// order, at the moments it cares about.
/// </summary>
public interface INodeBehaviour
{
    /// <summary>A packet came in by a link; nothing was decided about it yet.</summary>
    NodeAction Arriving(SimulatedNode node, SimulatedPacket packet) => NodeAction.Pass;

    /// <summary>The packet's TTL has run out here.</summary>
    NodeAction Expiring(SimulatedNode node, SimulatedPacket packet) => NodeAction.Pass;

    /// <summary>The packet fits its next link, its TTL was counted down, and it is about to be passed on.</summary>
    NodeAction Passing(SimulatedNode node, SimulatedPacket packet) => NodeAction.Pass;

    /// <summary>The packet, whole, is for an address of the node.</summary>
    NodeAction Local(SimulatedNode node, SimulatedPacket packet) => NodeAction.Pass;

    /// <summary>The packet was made by the node and is about to leave.</summary>
    NodeAction Leaving(SimulatedNode node, SimulatedPacket packet) => NodeAction.Pass;

    /// <summary>A timer that the behaviour set has run out.</summary>
    void TimerRan(SimulatedNode node, object state)
    {
    }
}
