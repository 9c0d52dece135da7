namespace Probe.Core.Wire;

/// <summary>What a captured packet is to a probe.</summary>
public enum PacketRole
{
    /// <summary>The probe itself.</summary>
    Probe,

    /// <summary>An answer to it.</summary>
    Answer,

    /// <summary>The reset with which this host's kernel, or through a tunnel this wire, ends the half-open connection.</summary>
    OwnReset,
}
