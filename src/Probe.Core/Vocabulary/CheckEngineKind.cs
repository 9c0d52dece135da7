namespace Probe.Core.Vocabulary;

/// <summary>Whose sockets carry the check.</summary>
public enum CheckEngineKind
{
    /// <summary>One kernel socket a check.</summary>
    Sockets,

    /// <summary>SYNs from a raw socket; the kernel's own RST ends them.</summary>
    Raw,
}
