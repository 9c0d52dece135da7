namespace Probe.Core.Vocabulary;

/// <summary>How next hops are searched for.</summary>
public enum MultipathAlgorithm
{
    /// <summary>The full algorithm with node control.</summary>
    Mda,

    /// <summary>
    /// MDA-Lite as long as every hop's nodes look alike, the full algorithm from then on. For the whole graph always the full one.
    /// </summary>
    MdaLite,
}
