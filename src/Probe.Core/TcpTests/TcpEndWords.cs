using Probe.Core.Vocabulary;

namespace Probe.Core.TcpTests;

/// <summary>How a connection ended, for sentences.</summary>
internal static class TcpEndWords
{
    /// <summary>How it ended, as it follows "it".</summary>
    public static string Word(this TcpEnd end) => end switch
    {
        TcpEnd.Done => "was acknowledged",
        TcpEnd.Closed => "was closed by the peer",
        TcpEnd.Reset => "was reset by the peer",
        TcpEnd.Refused => "was refused",
        TcpEnd.Unreachable => "found no way",
        TcpEnd.Timeout => "timed out",
        TcpEnd.Interrupted => "was stopped",
        TcpEnd.Enough => "showed what it was to show",
        TcpEnd.Flooded => "brought more octets than any test has use for",
        _ => throw new ArgumentOutOfRangeException(nameof(end), end, message: null),
    };
}
