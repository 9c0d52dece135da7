using Probe.Core.Health;
using Probe.Core.Packets;

namespace Probe.Core.Tests.Health;

/// <summary>A host as data: what a judge is told about it.</summary>
internal sealed class FakeHost : IHostView
{
    public static readonly IpAddress Own = IpAddress.Parse("10.0.0.1");
    public static readonly IpAddress DefaultGateway = IpAddress.Parse("10.0.0.254");

    public Dictionary<IpAddress, WayOut> Ways { get; } = [];

    public HashSet<bool> OffHostRoutes { get; } = [false, true];

    public HashSet<IpAddress> DownLinks { get; } = [];

    public List<IpAddress> Asked { get; } = [];

    public bool MayAsk { get; set; } = true;

    public bool IsSourceMissing { get; set; }

    public void Refresh()
    {
    }

    public WayOut WayTo(IpAddress target) => Ways.GetValueOrDefault(target, new WayOut { Exists = true });

    public bool TryAsk(in WayOut way)
    {
        Asked.Add(way.Gateway);
        return MayAsk;
    }

    public bool IsOwn(IpAddress address) => address == Own;

    public bool IsDefaultGateway(IpAddress address) => address == DefaultGateway;

    public bool HasOffHostRoute(bool v6) => OffHostRoutes.Contains(v6);

    public bool IsLinkDownTowards(IpAddress target) => DownLinks.Contains(target);
}
