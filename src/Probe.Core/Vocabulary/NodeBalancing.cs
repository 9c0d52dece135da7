namespace Probe.Core.Vocabulary;

/// <summary>How a node chooses the next hop.</summary>
public enum NodeBalancing
{
    /// <summary>One next hop: enough flows show no second one (95 %).</summary>
    Single,

    /// <summary>Several; each flow keeps to its own.</summary>
    PerFlow,

    /// <summary>Several; packets of one flow take different ones.</summary>
    PerPacket,

    /// <summary>
    /// One for all flows to a target, another for another target. Read in documents of others and never written: a trace has one target,
    /// and one next hop is all that it sees. Rule PRB-PATH-014 concludes it from the traces of neighbours in one document.
    /// </summary>
    PerDestination,

    /// <summary>Too few answers behind it to tell.</summary>
    Unknown,
}
