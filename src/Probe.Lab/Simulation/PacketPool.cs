using System.Diagnostics.CodeAnalysis;

namespace Probe.Lab.Simulation;

/// <summary>The packets of a network, whose buffers are used again.</summary>
internal sealed class PacketPool
{
    private readonly Stack<SimulatedPacket> _free = [];

    /// <summary>A packet whose octets are yet to be set.</summary>
    public SimulatedPacket Take() => _free.TryPop(out var packet) ? packet : new SimulatedPacket();

    /// <summary>A packet of these octets; false when they are no whole IP packet.</summary>
    public bool TryTake(ReadOnlySpan<byte> octets, [NotNullWhen(true)] out SimulatedPacket? packet)
    {
        packet = Take();
        if (packet.TrySet(octets))
        {
            return true;
        }

        Release(packet);
        packet = null;
        return false;
    }

    /// <summary>A packet that the network itself made.</summary>
    /// <param name="octets">The whole packet.</param>
    /// <param name="maker">Who made it, for the message.</param>
    /// <exception cref="InvalidOperationException">The octets are no whole IP packet.</exception>
    public SimulatedPacket Take(ReadOnlySpan<byte> octets, string maker) => TryTake(octets, out var packet)
        ? packet : throw new InvalidOperationException($"{maker} made a packet that is none: {Convert.ToHexString(octets)}");

    /// <summary>Puts other octets in a packet's place; they keep its number and the link it came by.</summary>
    /// <exception cref="InvalidOperationException">The octets are no whole IP packet.</exception>
    public SimulatedPacket Replace(SimulatedPacket packet, ReadOnlySpan<byte> octets, string maker)
    {
        var taken = Take(octets, maker);
        (taken.Id, taken.Cause, taken.Inbound) = (packet.Id, packet.Cause, packet.Inbound);
        Release(packet);
        return taken;
    }

    /// <summary>Gives a packet back.</summary>
    public void Release(SimulatedPacket packet)
    {
        packet.Inbound = null;
        packet.Mapping = null;
        packet.Cause = 0;
        _free.Push(packet);
    }
}
