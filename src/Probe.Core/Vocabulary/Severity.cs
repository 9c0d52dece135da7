namespace Probe.Core.Vocabulary;

/// <summary>How bad a finding is.</summary>
public enum Severity
{
    /// <summary>Worth knowing; nothing is wrong.</summary>
    Info,

    /// <summary>May become a fault.</summary>
    Risk,

    /// <summary>Works, but badly.</summary>
    Degraded,

    /// <summary>Does not work.</summary>
    Outage,
}
