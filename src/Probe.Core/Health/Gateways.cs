using Probe.Core.Packets;

namespace Probe.Core.Health;

/// <summary>The gateways on the way to the targets: whether one was asked lately whether it is there, and who else depends on it.</summary>
/// <param name="targets">The targets of the run.</param>
/// <param name="host">This host.</param>
internal sealed class Gateways(TargetTable targets, IHostView host)
{
    // A gateway answers within milliseconds; one unanswered second is enough to call it silent.
    private const long SilenceNs = 1_000_000_000;

    // Who uses which gateway is asked again after so long: every target costs a question.
    private const long UsersKeptNs = 2_000_000_000;

    private readonly Dictionary<IpAddress, long> _askedAtNs = [];
    private Dictionary<IpAddress, IpAddress>? _users;
    private long _usersAtNs;
    private bool _mayAsk = true;

    /// <summary>Makes the kernel ask the gateway, unless that was done within the last second.</summary>
    /// <returns>False where this process may not.</returns>
    public bool TryAsk(in WayOut way, long nowNs)
    {
        if (!_mayAsk || (_askedAtNs.TryGetValue(way.Gateway, out var asked) && nowNs - asked < SilenceNs))
        {
            return _mayAsk;
        }

        _askedAtNs[way.Gateway] = nowNs;
        return _mayAsk = host.TryAsk(way);
    }

    /// <summary>It may still answer: its second is not over, counted from when it was asked or the check began.</summary>
    public bool MayStillAnswer(IpAddress gateway, long checkBegunNs, long nowNs) =>
        nowNs - Math.Max(checkBegunNs, _askedAtNs.GetValueOrDefault(gateway, long.MinValue)) < SilenceNs;

    /// <summary>Others than this target depend on it: a default route leads through it, or another target is behind it.</summary>
    public bool IsShared(IpAddress gateway, IpAddress target, long nowNs)
    {
        if (host.IsDefaultGateway(gateway))
        {
            return true;
        }

        if (_users is null || nowNs - _usersAtNs > UsersKeptNs)
        {
            (_users, _usersAtNs) = (Users(), nowNs);
        }

        // No address stands for "more than one".
        return _users.TryGetValue(gateway, out var only) && only != target;
    }

    private Dictionary<IpAddress, IpAddress> Users()
    {
        var users = new Dictionary<IpAddress, IpAddress>();
        foreach (var target in targets)
        {
            if (host.WayTo(target.SentTo) is { Gateway: { IsNone: false } gateway })
            {
                users[gateway] = !users.TryGetValue(gateway, out var first) || first == target.SentTo ? target.SentTo : default;
            }
        }

        return users;
    }
}
