using System.Diagnostics.CodeAnalysis;
using Probe.Core.Host;
using Probe.Core.Packets;

namespace Probe.Cli.Parsing;

/// <summary><c>--targets-from</c>: another program's list of services and servers.</summary>
/// <param name="File">The file; <c>-</c> for standard input.</param>
internal sealed record ServiceSource(string File)
{
    private const string Ipvs = "ipvs:";

    /// <summary>Reads the option's value.</summary>
    public static bool TryParse(string text, [MaybeNullWhen(false)] out ServiceSource value, [NotNullWhen(false)] out string? why)
    {
        value = text.StartsWith(Ipvs, StringComparison.Ordinal) && text.Length > Ipvs.Length
            ? new ServiceSource(text[Ipvs.Length..]) : null;
        why = value is null ? "is no source of targets: write ipvs:FILE, or ipvs:- for standard input, with the text of ipvsadm -Sn" : null;
        return value is not null;
    }

    /// <summary>Every real server of every TCP service, or of every UDP one, as a target of its own.</summary>
    /// <param name="skipped">Takes what is not checked and why, one sentence each.</param>
    /// <param name="isUdp">The UDP services.</param>
    /// <exception cref="UserError">The file cannot be read, or is something else.</exception>
    public IReadOnlyList<ServiceName> Read(Action<string> skipped, bool isUdp = false) => TargetsOf(ReadTable(), skipped, isUdp);

    /// <summary>Every service by the address that clients know, as a target of its own.</summary>
    /// <param name="skipped">Takes what cannot be asked and why, one sentence each.</param>
    /// <exception cref="UserError">The file cannot be read, or is something else.</exception>
    public IReadOnlyList<OutsideService> ReadServices(Action<string> skipped) => ServicesOf(ReadTable(), skipped);

    private IpvsTable ReadTable()
    {
        var name = File is "-" ? "standard input" : File;
        return IpvsTable.TryRead(ListFile.Text(File, name), out var table, out var error)
            ? table : throw UserError.Usage($"{name} {error}");
    }

    internal static IReadOnlyList<OutsideService> ServicesOf(IpvsTable table, Action<string> skipped)
    {
        foreach (var sentence in table.Skipped)
        {
            skipped(sentence);
        }

        foreach (var service in table.Services.Where(service => service.Port == 0))
        {
            skipped($"{Text(service.Address, service.Port)}: a service of all ports has none to ask");
        }

        return
        [
            .. table.Services.Where(service => service.Port != 0).Select(service => new OutsideService(
                $"{Text(service.Address, service.Port)}{(service.Protocol == IpProtocol.Udp ? "/udp" : "")}", service.Address, service.Port,
                service.Protocol == IpProtocol.Udp)),
        ];
    }

    internal static IReadOnlyList<ServiceName> TargetsOf(IpvsTable table, Action<string> skipped, bool isUdp = false)
    {
        var targets = new List<ServiceName>();
        foreach (var sentence in table.Skipped)
        {
            skipped(sentence);
        }

        foreach (var service in table.Services)
        {
            var text = Text(service.Address, service.Port);
            if (service.Port == 0 || isUdp != (service.Protocol == IpProtocol.Udp))
            {
                skipped(service.Port == 0 ? $"{text}: a service of all ports has none to check"
                    : isUdp ? $"{text}: a TCP service takes no datagrams"
                    : $"{text}: a UDP service has no handshake to check");
                continue;
            }

            foreach (var real in service.Reals)
            {
                if (real.Forwarding == IpvsForwarding.Direct)
                {
                    skipped($"{text} at {real.Address}: direct routing (-g) reaches it by its MAC address, to which no route leads; "
                        + "check it from its own link");
                    continue;
                }

                if (real.Port == 0)
                {
                    skipped($"{text} at {real.Address}: its port is 0, which names none to check");
                    continue;
                }

                // Masquerading is known to the director alone: the server itself answers at its own address.
                var address = real.Forwarding == IpvsForwarding.Tunnel ? service.Address : real.Address;
                var via = real.Tunnel is { } tunnel ? new EncapsulationStack([tunnel]) : default;
                var at = real.Forwarding == IpvsForwarding.Tunnel ? real.Address.ToString() : Text(real.Address, real.Port);
                targets.Add(
                    new ServiceName(text, new TargetName(address.ToString(), address, null),
                    real.Port) { At = new ReachedBy(via, at, real.Weight) });
            }
        }

        return targets;
    }

    private static string Text(IpAddress address, ushort port) => address.IsV6 ? $"[{address}]:{port}" : $"{address}:{port}";
}
