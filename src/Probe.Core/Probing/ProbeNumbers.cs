namespace Probe.Core.Probing;

/// <summary>Hands out the run-wide numbers of probes, from 1.</summary>
public sealed class ProbeNumbers
{
    /// <summary>The last number handed out; 0 before the first.</summary>
    public int Last { get; private set; }

    /// <summary>The next number.</summary>
    public int Next() => ++Last;
}
