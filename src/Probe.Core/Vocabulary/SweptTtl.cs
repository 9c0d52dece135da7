namespace Probe.Core.Vocabulary;

/// <summary>Which TTL of a tunnelled probe is swept.</summary>
public enum SweptTtl
{
    /// <summary>The probe's own.</summary>
    Inner,

    /// <summary>That of the outermost tunnel's header.</summary>
    Outer,
}
