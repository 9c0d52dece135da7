using Probe.Core.Linux.Sockets;
using Probe.Core.Packets;

namespace Probe.Cli.Names;

/// <summary>
/// Reverse names, asked for in the background as soon as an address is seen: the resolver blocks, for seconds where a zone's servers are
/// silent.
/// </summary>
/// <param name="ask">Whom to ask.</param>
internal sealed class ReverseNames(Func<IpAddress, string?> ask) : BackgroundLookup<string>(ask, "reverse names")
{
    /// <summary>Asks the system's resolver.</summary>
    public ReverseNames()
        : this(NameService.NameOf)
    {
    }

    /// <summary>The name as its owner gave it, so harmless only after cleaning; null when there is none, or none yet.</summary>
    public string? NameOf(IpAddress address) => Known(address);
}
