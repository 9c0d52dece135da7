namespace Probe.Core.Vocabulary;

/// <summary>Which way the octets of a transfer go.</summary>
public enum TcpDirection
{
    /// <summary>From this host to the target.</summary>
    Upload,

    /// <summary>From the target, a responder of ours, to this host.</summary>
    Download,
}
