namespace Probe.Core.PathMtu;

/// <summary>How the octets of a transfer follow each other.</summary>
public enum TcpPacing
{
    /// <summary>One segment; the next when it is acknowledged.</summary>
    Spaced,

    /// <summary>Two segments at once; the next two when both are acknowledged.</summary>
    Pairs,

    /// <summary>Everything at once.</summary>
    Bulk,
}

/// <summary>Which way the octets of a transfer go.</summary>
public enum TcpDirection
{
    /// <summary>From this host to the target.</summary>
    Upload,

    /// <summary>From the target, a responder of ours, to this host.</summary>
    Download,
}

/// <summary>What three pacings of the same octets say.</summary>
public enum TcpTransferVerdict
{
    /// <summary>No pacing loses segments.</summary>
    Clean,

    /// <summary>Single segments pass, segments back to back die: something on the way merges them and loses what it merged.</summary>
    AggregationDependentLoss,

    /// <summary>Segments are lost, but not by whether others follow at once.</summary>
    Lossy,

    /// <summary>No connection.</summary>
    NotAnswering,

    /// <summary>Too few segments were carried to say anything.</summary>
    CannotTell,
}

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
