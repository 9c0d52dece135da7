namespace Probe.Cli.Parsing;

/// <summary>Which IP version a name may resolve to.</summary>
internal enum Family
{
    /// <summary>Whatever the resolver prefers.</summary>
    Any,

    /// <summary>IPv4.</summary>
    V4,

    /// <summary>IPv6.</summary>
    V6,
}
