using Probe.Core.Packets;
using Probe.Core.Vocabulary;
using Probe.Core.Wire;

namespace Probe.Core.Health;

/// <summary>
/// The local ports of checks by raw packets. Answers to plain checks are reset by the kernel. Answers to checks through a tunnel must not
/// be: that reset would go straight to the target's address and meet another server; ours goes through the same tunnel, and the kernel is
/// mute.
/// </summary>
internal sealed class RawPorts
{
    // A target that is checked again before its last answer came meets another port: two SYNs of one pair of ports break each other.
    public const int Each = 16;

    private readonly ushort[] _plain4;
    private readonly ushort[] _plain6;
    private readonly ushort[] _muted4;
    private readonly ushort[] _muted6;

    /// <summary>Ports that are held elsewhere.</summary>
    public RawPorts(ushort[] plain4, ushort[] plain6, ushort[]? muted4 = null, ushort[]? muted6 = null) =>
        (_plain4, _plain6, _muted4, _muted6) = (plain4, plain6, muted4 ?? [], muted6 ?? []);

    /// <summary>All of them.</summary>
    public IReadOnlyList<ushort> All => [.. _plain4, .. _plain6, .. _muted4, .. _muted6];

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
        return new RawPorts(
            Some(v4 && options.Plain, IpAddress.AnyV4, muted: false),
            Some(v6 && options.Plain, IpAddress.AnyV6, muted: false),
            Some(v4 && options.Tunnelled.Any(target => target.Address.IsV4), IpAddress.AnyV4, muted: true),
            Some(v6 && options.Tunnelled.Any(target => target.Address.IsV6), IpAddress.AnyV6, muted: true));

        ushort[] Some(bool wanted, IpAddress any, bool muted)
        {
            if (!wanted)
            {
                return [];
            }

            var mode = muted ? HeldPortMode.KernelMute : HeldPortMode.KernelResets;
            var held = new HeldPorts(options.Source.IsNone ? any : options.Source, ProbeProtocol.Tcp, Each, mode, options.Interface);
            owned.Add(held);
            return [.. held.Ports];
        }
    }

    /// <summary>The port of one check of a target; 0 when its family has none here.</summary>
    public ushort For(CheckTarget target, int attempt)
    {
        var ports = (target.Via.IsEmpty, target.Address.IsV6) switch
        {
            (true, false) => _plain4,
            (true, true) => _plain6,
            (false, false) => _muted4,
            (false, true) => _muted6,
        };
        return ports.Length == 0 ? (ushort)0 : ports[(uint)(attempt + target.Index) % (uint)ports.Length];
    }
}
