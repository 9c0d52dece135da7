namespace Probe.Core.Vocabulary;

/// <summary>Who said that a packet was too big.</summary>
public enum PathMtuRole
{
    /// <summary>A router on the way.</summary>
    Router,

    /// <summary>The address probed itself: the entry of a tunnel behind it.</summary>
    TunnelEntry,

    /// <summary>This host.</summary>
    ThisHost,
}
