using System.Runtime.InteropServices;
using Probe.Core.Packets;
using Probe.Core.Vocabulary;
using Probe.Core.Wire;

namespace Probe.Core.Health;

/// <summary>
/// The local ports of checks by raw packets. Answers to plain half-open checks are reset by the kernel. Answers to those through a tunnel
/// must not be: that reset would go straight to the target's address and meet another server; ours goes through the same tunnel, and the
/// kernel is mute. Answers to datagrams name no check but by their ports: servers behind one address have ports of their own, so that a
/// late answer of one is never taken for another's; one that comes so late that its target is asked from the same port again is taken for
/// that check's.
/// </summary>
internal sealed class RawPorts
{
    // A target that is checked again before its last answer came meets another port: two SYNs of one pair of ports break each other.
    public const int Each = 16;

    // Ten checks a second of one target come round after six seconds.
    private const int EachForDatagrams = 64;

    // Each port is a descriptor: of many servers behind one address each gets fewer.
    private const int MostOfAddress = 1024;

    private readonly ushort[] _plain4;
    private readonly ushort[] _plain6;
    private readonly ushort[] _tunnelled4;
    private readonly ushort[] _tunnelled6;
    private readonly Dictionary<(EncapsulationStack Via, IpAddress Address, ushort Port), int>? _places;
    private readonly int _each = Each;

    /// <summary>Ports that are held elsewhere.</summary>
    /// <param name="plain4">Of plain checks over IPv4.</param>
    /// <param name="plain6">Of plain checks over IPv6.</param>
    /// <param name="tunnelled4">Of checks through tunnels, over IPv4 inside.</param>
    /// <param name="tunnelled6">The same over IPv6.</param>
    /// <param name="datagrams">The targets behind tunnels, where datagrams are sent to them; null for half-open checks.</param>
    public RawPorts(ushort[] plain4, ushort[] plain6, ushort[]? tunnelled4 = null, ushort[]? tunnelled6 = null,
        IReadOnlyCollection<CheckTarget>? datagrams = null)
    {
        (_plain4, _plain6, _tunnelled4, _tunnelled6) = (plain4, plain6, tunnelled4 ?? [], tunnelled6 ?? []);
        if (datagrams is not null)
        {
            _places = Places(datagrams, out var most);
            _each = EachOf(most);
        }
    }

    /// <summary>How many ports datagrams to these targets take, of one family.</summary>
    public static int CountFor(IReadOnlyCollection<CheckTarget> targets)
    {
        Places(targets, out var most);
        return most * EachOf(most);
    }

    /// <summary>All of them.</summary>
    public IReadOnlyList<ushort> All => [.. _plain4, .. _plain6, .. _tunnelled4, .. _tunnelled6];

    /// <summary>
    /// Holds ports on every address of this host, unless one was asked for, which proves by this that it is the host's own.
    /// </summary>
    /// <param name="options">What they are for.</param>
    /// <param name="v4">Ports for IPv4.</param>
    /// <param name="v6">Ports for IPv6.</param>
    /// <param name="owned">Takes what must be disposed.</param>
    /// <exception cref="Linux.LinuxException">A foreign source address, no port left.</exception>
    public static RawPorts Hold(RawEngineOptions options, bool v4, bool v6, List<IDisposable> owned)
    {
        var isUdp = options.Transport == ProbeProtocol.Udp;
        var (plain, tunnelled) = isUdp ? (EachForDatagrams, CountFor(options.Tunnelled)) : (Each, Each);

        return new RawPorts(
            Some(v4 && options.Plain, IpAddress.AnyV4, plain, HeldPortMode.KernelResets),
            Some(v6 && options.Plain, IpAddress.AnyV6, plain, HeldPortMode.KernelResets),
            Some(v4 && options.Tunnelled.Any(target => target.Address.IsV4), IpAddress.AnyV4, tunnelled, HeldPortMode.KernelMute),
            Some(v6 && options.Tunnelled.Any(target => target.Address.IsV6), IpAddress.AnyV6, tunnelled, HeldPortMode.KernelMute),
            isUdp ? options.Tunnelled : null);

        ushort[] Some(bool wanted, IpAddress any, int count, HeldPortMode mode)
        {
            if (!wanted)
            {
                return [];
            }

            var held = new HeldPorts(options.Source.IsNone ? any : options.Source, options.Transport, count, mode, options.Interface);
            owned.Add(held);
            return [.. held.Ports];
        }
    }

    /// <summary>The ports that checks of a target may have; none when its family has none here.</summary>
    public ReadOnlySpan<ushort> Of(CheckTarget target)
    {
        var ports = (target.Via.IsEmpty, target.Address.IsV6) switch
        {
            (true, false) => _plain4,
            (true, true) => _plain6,
            (false, false) => _tunnelled4,
            (false, true) => _tunnelled6,
        };
        if (_places is null || target.Via.IsEmpty)
        {
            return ports;
        }

        return _places.TryGetValue(KeyOf(target), out var place) ? ports.AsSpan(place * _each, _each) : [];
    }

    private static int EachOf(int most) => Math.Clamp(MostOfAddress / Math.Max(1, most), 1, EachForDatagrams);

    /// <summary>The place of each server among those behind its address and port, and how many the most have.</summary>
    private static Dictionary<(EncapsulationStack Via, IpAddress Address, ushort Port), int> Places(IEnumerable<CheckTarget> targets,
        out int most)
    {
        var places = new Dictionary<(EncapsulationStack Via, IpAddress Address, ushort Port), int>();
        var behind = new Dictionary<(IpAddress Address, ushort Port), int>();
        foreach (var target in targets)
        {
            ref var count = ref CollectionsMarshal.GetValueRefOrAddDefault(behind, (target.Address, target.Port), out _);
            count += places.TryAdd(KeyOf(target), count) ? 1 : 0;
        }

        most = behind.Count == 0 ? 0 : behind.Values.Max();
        return places;
    }

    private static (EncapsulationStack Via, IpAddress Address, ushort Port) KeyOf(CheckTarget target) =>
        (target.Via, target.Address, target.Port);
}
