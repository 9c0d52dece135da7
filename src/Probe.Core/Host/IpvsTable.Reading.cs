using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Probe.Core.Packets;

namespace Probe.Core.Host;

/// <content>Reads the text (ipvsadm(8); ipvsadm.c, print_service_entry and print_service_and_dests with FMT_RULE).</content>
public sealed partial record IpvsTable
{
    private static readonly char[] Blanks = [' ', '\t', '\r'];

    /// <summary>Reads the text of <c>ipvsadm -Sn</c>.</summary>
    /// <param name="text">The text; empty lines and lines that begin with <c>#</c> are passed over.</param>
    /// <param name="table">What it says.</param>
    /// <param name="error">The first line that cannot be read and what is wrong with it.</param>
    public static bool TryRead(string text, [NotNullWhen(true)] out IpvsTable? table, [NotNullWhen(false)] out string? error)
    {
        ArgumentNullException.ThrowIfNull(text);
        var reading = new Reading();
        var number = 0;
        foreach (var line in text.Split('\n'))
        {
            number++;
            var words = line.Split(Blanks, StringSplitOptions.RemoveEmptyEntries);
            if (words.Length > 0 && words[0][0] != '#' && reading.Line(words) is { } wrong)
            {
                (table, error) = (null, $"line {number}: {wrong}");
                return false;
            }
        }

        (table, error) = (reading.Finish(), null);
        return true;
    }

    private sealed class Reading
    {
        private readonly Dictionary<(byte, IpAddress, ushort), (IpvsService Service, List<IpvsReal> Reals)> _services = [];
        private readonly List<(byte, IpAddress, ushort)> _order = [];
        private readonly List<string> _skipped = [];
        private readonly HashSet<string> _others = new(StringComparer.Ordinal);

        public IpvsTable Finish() => new([.. _order.Select(key => _services[key].Service)], _skipped);

        /// <summary>Takes one line; returns what is wrong with it, or null.</summary>
        public string? Line(string[] words)
        {
            if (words[0] is not ("-A" or "--add-service" or "-a" or "--add-server"))
            {
                return $"'{words[0]}' is not what ipvsadm -Sn writes: lines begin with -A or -a";
            }

            var isService = words[0] is "-A" or "--add-service";
            if (words.Length < 3)
            {
                return "it names no service";
            }

            byte? protocol = words[1] switch
            {
                "-t" or "--tcp-service" => IpProtocol.Tcp,
                "-u" or "--udp-service" => IpProtocol.Udp,
                _ => null,
            };
            if (protocol is null)
            {
                return Other(words[1], words[2], isService);
            }

            if (!TryReadEnd(words[2], out var address, out var port))
            {
                return NoEnd(words[2]);
            }

            var key = (protocol.Value, address, port);
            if (isService)
            {
                return AddService(key);
            }

            return _services.TryGetValue(key, out var service) ? AddReal(service.Service, service.Reals, words.AsSpan(3))
                : $"no line before it adds the service {words[2]}";
        }

        // Nothing can be sent to a mark; SCTP has no SYN.
        private string? Other(string kind, string name, bool isService)
        {
            if (kind is not ("-f" or "--fwmark-service" or "--sctp-service"))
            {
                return $"'{kind}' names no service: -t, -u or -f is expected";
            }

            if (isService && _others.Add($"{kind} {name}"))
            {
                _skipped.Add(kind is "--sctp-service"
                    ? $"{name}: SCTP services are passed over" : $"firewall mark {name}: a service by mark has no address to send to");
            }

            return null;
        }

        private string? AddService((byte Protocol, IpAddress Address, ushort Port) key)
        {
            var reals = new List<IpvsReal>();
            var service = new IpvsService { Protocol = key.Protocol, Address = key.Address, Port = key.Port, Reals = reals };
            if (!_services.TryAdd(key, (service, reals)))
            {
                return "this service stands there twice";
            }

            _order.Add(key);
            return null;
        }

        private static string? AddReal(IpvsService service, List<IpvsReal> reals, ReadOnlySpan<string> words)
        {
            var read = new RealWords();
            while (!words.IsEmpty)
            {
                if (read.Take(words[0], words.Length > 1 ? words[1] : "", out var taken) is { } wrong)
                {
                    return wrong;
                }

                words = words[Math.Min(taken, words.Length)..];
            }

            if (read.End is not { } real)
            {
                return "it names no real server (-r)";
            }

            Encapsulation? layer = null;
            if (read.Forwarding == IpvsForwarding.Tunnel && read.Tunnel.TryMake(real.Address, out layer) is { } missing)
            {
                return missing;
            }

            reals.Add(new IpvsReal
            {
                Address = real.Address,
                Port = read.Forwarding == IpvsForwarding.Masquerade ? real.Port : service.Port,
                Forwarding = read.Forwarding,
                Weight = read.Weight,
                Tunnel = layer,
            });
            return null;
        }

        /// <summary>What the words of a real server say.</summary>
        private sealed class RealWords
        {
            private TunnelWords _tunnel;

            public (IpAddress Address, ushort Port)? End { get; private set; }

            public int Weight { get; private set; } = 1;

            public IpvsForwarding Forwarding { get; private set; } = IpvsForwarding.Direct;

            public TunnelWords Tunnel => _tunnel;

            /// <summary>Takes a word with its value; returns what is wrong, or null.</summary>
            public string? Take(string word, string value, out int taken)
            {
                taken = 2;
                switch (word)
                {
                    case "-r" or "--real-server":
                        if (!TryReadEnd(value, out var address, out var port))
                        {
                            return NoEnd(value);
                        }

                        End = (address, port);
                        return null;
                    case "-w" or "--weight":
                        var isNumber = int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var weight);
                        Weight = weight;
                        return isNumber ? null : $"'{value}' is no weight";
                    case "-x" or "--u-threshold" or "-y" or "--l-threshold":
                        return null;
                    case "-g" or "--gatewaying":
                        (Forwarding, taken) = (IpvsForwarding.Direct, 1);
                        return null;
                    case "-i" or "--ipip":
                        (Forwarding, taken) = (IpvsForwarding.Tunnel, 1);
                        return null;
                    case "-m" or "--masquerading":
                        (Forwarding, taken) = (IpvsForwarding.Masquerade, 1);
                        return null;
                    default:
                        return _tunnel.Take(word, value, out taken);
                }
            }
        }

        private static string NoEnd(string text) => $"'{text}' is no ADDRESS:PORT; save it with numbers, by ipvsadm -Sn";

        private static bool TryReadEnd(string text, out IpAddress address, out ushort port)
        {
            (address, port) = (default, 0);
            var colon = text.LastIndexOf(':');
            if (colon < 0 || !ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out port))
            {
                return false;
            }

            var host = text[..colon];
            return host is ['[', .., ']']
                ? IpAddress.TryParse(host[1..^1], out address) && address.IsV6 : IpAddress.TryParse(host, out address) && address.IsV4;
        }
    }

    /// <summary>The words about a tunnel; without any it is IPIP.</summary>
    private struct TunnelWords
    {
        private string? _type;
        private ushort _port;
        private bool _checksum;
        private bool _remoteChecksum;

        public string? Take(string word, string value, out int taken)
        {
            taken = 1;
            switch (word)
            {
                case "--tun-type":
                    (_type, taken) = (value, 2);
                    return value is "ipip" or "gue" or "gre" ? null : $"'{value}' is no tunnel type: ipip, gue or gre";
                case "--tun-port":
                    taken = 2;
                    return ushort.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out _port) && _port > 0
                        ? null : $"'{value}' is no port";
                case "--tun-nocsum":
                    return null;
                case "--tun-csum":
                    _checksum = true;
                    return null;
                case "--tun-remcsum":
                    _remoteChecksum = true;
                    return null;
                default:
                    return $"'{word}' is not known";
            }
        }

        // GUE of IPVS has variant 0 (ip_vs_gue_encap of net/netfilter/ipvs/ip_vs_xmit.c).
        public readonly string? TryMake(IpAddress remote, out Encapsulation? layer)
        {
            layer = _type switch
            {
                "gue" => new GueEncapsulation { Remote = remote, Port = _port, Checksum = _checksum, RemoteChecksum = _remoteChecksum },
                "gre" => new GreEncapsulation { Remote = remote, Checksum = _checksum },
                null or "ipip" => new IpIpEncapsulation { Remote = remote },
                _ => throw new UnreachableException($"{_type} was read and has no encapsulation"),
            };
            return _type == "gue" && _port == 0 ? "a GUE tunnel without --tun-port" : null;
        }
    }
}
