namespace Probe.Core.Vocabulary;

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
