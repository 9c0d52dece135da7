using Probe.Core.Vocabulary;

namespace Probe.Core.Probing;

/// <summary>Carries probe packets and brings back matched replies; the sweeps know nothing else of the network. One loop owns it.</summary>
public interface IWire : IDisposable
{
    /// <summary>Nanoseconds of the run's monotonic clock.</summary>
    long NowNs { get; }

    /// <summary>Sends one probe.</summary>
    SendStatus Send(in ProbePacket probe);

    /// <summary>Sends several probes in order.</summary>
    /// <param name="probes">The probes.</param>
    /// <param name="status">What became of each.</param>
    void Send(ReadOnlySpan<ProbePacket> probes, Span<SendStatus> status)
    {
        for (var i = 0; i < probes.Length; i++)
        {
            status[i] = Send(probes[i]);
        }
    }

    /// <summary>Waits until replies come or <paramref name="untilNs"/> is reached, and appends what came.</summary>
    void Receive(long untilNs, List<Reply> replies);

    /// <summary>Answers this host lost: loss figures are upper bounds when this is not zero.</summary>
    PortLosses ReadLosses();
}
