namespace Probe.Core.Vocabulary;

/// <summary>What must be seen for a target to count as up.</summary>
public enum ExpectedState
{
    /// <summary>The service answers.</summary>
    Up,

    /// <summary>The host answers a SYN with a RST: it is alive, the service is not there.</summary>
    Refused,
}
