namespace Probe.Core.Vocabulary;

/// <summary>Whether connections opened before a path MTU is learned stall on it.</summary>
public enum TcpStallVerdict
{
    /// <summary>The kernel refused its own segment and waited for the persist timer.</summary>
    Stall,

    /// <summary>A smaller path MTU was learned, and no connection stalled on it.</summary>
    NoStall,

    /// <summary>Full segments pass: nothing was learned.</summary>
    NotLearned,

    /// <summary>No connection.</summary>
    NotAnswering,

    /// <summary>The test could not be made; the reason says why.</summary>
    CannotTell,
}
