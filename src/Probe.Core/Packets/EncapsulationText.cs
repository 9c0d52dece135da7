using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace Probe.Core.Packets;

/// <summary>
/// Encapsulations as text: <c>TYPE:ADDR[:PORT][/ID][,opt=value…]</c>, IPv6 in brackets, as in <c>gue:192.0.2.7:6080,csum</c>,
/// <c>gre:192.0.2.7/42,seq</c>, <c>vxlan:[2001:db8::7]/100,mac=02:00:5e:00:53:01</c>. Which of IPIP, 6in4, 4in6 and ip6ip6 <c>ipip</c> is
/// follows from the families.
/// </summary>
public static class EncapsulationText
{
    private const string Types = "ipip, gre, fou, gue, gue1, vxlan, geneve";
    private const uint LargestVni = 0xff_ffff;

    /// <summary>Reads one encapsulation.</summary>
    /// <param name="text">What the user wrote.</param>
    /// <param name="layer">The encapsulation.</param>
    /// <param name="error">What is wrong and what to write instead, as it follows the quoted text.</param>
    public static bool TryParse(string text, [NotNullWhen(true)] out Encapsulation? layer, [NotNullWhen(false)] out string? error)
    {
        ArgumentNullException.ThrowIfNull(text);
        layer = null;
        var parts = text.Split(',');
        var colon = parts[0].IndexOf(':', StringComparison.Ordinal);
        var type = colon < 0 ? parts[0] : parts[0][..colon];
        if (colon < 0 || ShapeOf(type) is not { } shape)
        {
            error = UnknownType(type, colon >= 0);
            return false;
        }

        var end = default(End);
        error = ReadEnd(type, shape, parts[0][(colon + 1)..], ref end);
        var options = new EncapsulationOptions();
        error ??= options.Read(type, end.Remote, parts.AsSpan(1));
        if (error is not null)
        {
            return false;
        }

        layer = Make(type, end, options) with
        {
            Source = options.Source,
            Ttl = options.Ttl,
            Dscp = options.Dscp,
            DontFragment = options.DontFragment,
        };
        return true;
    }

    /// <summary>The text of an encapsulation, shortest form; <see cref="TryParse"/> reads it back.</summary>
    public static string Of(Encapsulation layer)
    {
        ArgumentNullException.ThrowIfNull(layer);
        var culture = CultureInfo.InvariantCulture;
        var type = TypeOf(layer);
        var text = new StringBuilder(type).Append(':').Append(Bracketed(layer.Remote));
        if (layer is UdpEncapsulation udp && udp.Port != ShapeOf(type)!.Value.DefaultPort)
        {
            text.Append(culture, $":{udp.Port}");
        }

        if (layer is GreEncapsulation { Key: { } key })
        {
            text.Append(culture, $"/{key}");
        }

        if (layer is EthernetEncapsulation { Vni: var vni })
        {
            text.Append(culture, $"/{vni}");
        }

        AppendOptions(text, layer);
        return text.ToString();
    }

    /// <summary>A MAC address as six octets with colons.</summary>
    public static string OfMac(ulong mac) =>
        string.Join(':', Enumerable.Range(0, 6).Select(i => ((byte)(mac >> 40 - 8 * i)).ToString("x2", CultureInfo.InvariantCulture)));

    private static void AppendOptions(StringBuilder text, Encapsulation layer)
    {
        var culture = CultureInfo.InvariantCulture;
        text.Append(layer.Source.IsNone ? "" : ",src=" + Bracketed(layer.Source));
        text.Append(culture, $"{(layer.Ttl is { } ttl ? $",ttl={ttl}" : "")}{(layer.Dscp is { } dscp ? $",dscp={dscp}" : "")}");
        text.Append(layer.DontFragment is { } df ? df ? ",df=1" : ",df=0" : "");
        if (layer is UdpEncapsulation udp)
        {
            text.Append(culture, $"{(udp.SourcePort is { } port ? $",sport={port}" : "")}{(udp.Checksum ? ",csum" : "")}");
        }

        switch (layer)
        {
            case GreEncapsulation gre:
                text.Append(gre.Checksum ? ",csum" : "").Append(gre.Sequence ? ",seq" : "");
                break;
            case GueEncapsulation gue:
                text.Append(gue.RemoteChecksum ? ",remcsum" : "")
                    .Append(culture, $"{(gue.PrivateFlags is { } flags ? $",private={flags:x8}" : "")}");
                break;
            case EthernetEncapsulation { Mac: { } mac }:
                text.Append(",mac=").Append(OfMac(mac));
                break;
        }
    }

    private static string Bracketed(IpAddress address) => address.IsV6 ? $"[{address}]" : address.ToString();

    private static string TypeOf(Encapsulation layer) => layer switch
    {
        IpIpEncapsulation => "ipip",
        GreEncapsulation => "gre",
        FouEncapsulation => "fou",
        GueEncapsulation gue => gue.Variant1 ? "gue1" : "gue",
        VxlanEncapsulation => "vxlan",
        GeneveEncapsulation => "geneve",
        _ => throw new ArgumentException($"{layer.GetType().Name} has no text.", nameof(layer)),
    };

    private static Shape? ShapeOf(string type) => type switch
    {
        "ipip" => new Shape(TakesPort: false, 0, IdName: null, IdNeeded: false, 0),
        "gre" => new Shape(TakesPort: false, 0, "key", IdNeeded: false, uint.MaxValue),
        "fou" => new Shape(TakesPort: true, 0, IdName: null, IdNeeded: false, 0),
        "gue" or "gue1" => new Shape(TakesPort: true, GueEncapsulation.DefaultPort, IdName: null, IdNeeded: false, 0),
        "vxlan" => new Shape(TakesPort: true, VxlanEncapsulation.DefaultPort, "VNI", IdNeeded: true, LargestVni),
        "geneve" => new Shape(TakesPort: true, GeneveEncapsulation.DefaultPort, "VNI", IdNeeded: true, LargestVni),
        _ => null,
    };

    private static string UnknownType(string type, bool hasColon) => type switch
    {
        "6in4" or "4in6" or "ip6ip6" or "sit" => $"has the type {type}: write ipip:ADDR, the families of the two headers say the rest",
        _ when ShapeOf(type) is not null => $"names no tunnel end: write {type}:ADDR, as in {type}:192.0.2.7",
        _ when hasColon => $"has the unknown type '{type}': use one of {Types}",
        _ => $"is no encapsulation: write TYPE:ADDR[:PORT][/ID][,opt=value], TYPE one of {Types}",
    };

    private static string? ReadEnd(string type, Shape shape, string text, ref End end)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        var (place, id) = slash < 0 ? (text, null) : (text[..slash], text[(slash + 1)..]);
        return ReadPlace(type, shape, place, ref end) ?? ReadId(type, shape, id, ref end);
    }

    private static string? ReadPlace(string type, Shape shape, string text, ref End end)
    {
        var (address, port) = (text, default(string));
        if (text.StartsWith('['))
        {
            var close = text.IndexOf(']', StringComparison.Ordinal);
            if (close < 0 || (close + 1 < text.Length && text[close + 1] != ':'))
            {
                return $"has brackets that are not an IPv6 address's: write {type}:[2001:db8::7]";
            }

            address = text[1..close];
            port = close + 1 < text.Length ? text[(close + 2)..] : null;
            if (!IpAddress.TryParse(address, out end.Remote) || !end.Remote.IsV6)
            {
                return $"has '{address}' in brackets, which is not an IPv6 address: write {type}:[2001:db8::7]";
            }
        }
        else
        {
            if (IpAddress.TryParse(text, out var bare) && bare.IsV6)
            {
                return $"has an IPv6 address without brackets: write {type}:[{text}]";
            }

            var colon = text.IndexOf(':', StringComparison.Ordinal);
            (address, port) = colon < 0 ? (text, null) : (text[..colon], text[(colon + 1)..]);
            if (!IpAddress.TryParse(address, out end.Remote))
            {
                return address.Length == 0
                    ? $"names no tunnel end: write {type}:ADDR, as in {type}:192.0.2.7"
                    : $"has '{address}' for the tunnel's end, which is not an address: "
                        + $"names are not taken here, write {type}:192.0.2.7 or {type}:[2001:db8::7]";
            }
        }

        return IsUnicast(end.Remote)
            ? ReadPort(type, shape, port, ref end) : $"has {end.Remote} for the tunnel's end, which is no single host's address";
    }

    private static bool IsUnicast(IpAddress address) => address.IsV6
        ? address != IpAddress.AnyV6 && address.High >> 56 != 0xff
        : address != IpAddress.AnyV4 && address.Low >> 28 != 0xe && address.Low != uint.MaxValue;

    private static string? ReadPort(string type, Shape shape, string? text, ref End end)
    {
        if (text is not null && !shape.TakesPort)
        {
            return $"has a port, and {type} has none: write {type}:{Bracketed(end.Remote)}";
        }

        end.Port = shape.DefaultPort;
        if (text is null)
        {
            return shape.TakesPort && end.Port == 0
                ? $"has no port, and {type} has no usual one: write {type}:{Bracketed(end.Remote)}:PORT" : null;
        }

        return ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out end.Port) && end.Port > 0
            ? null
            : $"has the port '{text}': use 1 to 65535";
    }

    private static string? ReadId(string type, Shape shape, string? text, ref End end)
    {
        if (text is null)
        {
            return shape.IdNeeded ? $"has no {shape.IdName}: write {type}:{Bracketed(end.Remote)}/{shape.IdName}, as in /100" : null;
        }

        if (shape.IdName is null)
        {
            return $"has '/{text}', and {type} has neither key nor VNI: leave it out";
        }

        var hexadecimal = text.StartsWith("0x", StringComparison.OrdinalIgnoreCase);
        if (!uint.TryParse(text.AsSpan(hexadecimal ? 2 : 0), hexadecimal ? NumberStyles.AllowHexSpecifier : NumberStyles.None,
            CultureInfo.InvariantCulture, out var id)
            || id > shape.LargestId)
        {
            return $"has the {shape.IdName} '{text}': use 0 to {shape.LargestId}";
        }

        end.Id = id;
        return null;
    }

    private static Encapsulation Make(string type, End end, EncapsulationOptions options) => type switch
    {
        "ipip" => new IpIpEncapsulation { Remote = end.Remote },
        "gre" => new GreEncapsulation { Remote = end.Remote, Key = end.Id, Checksum = options.Checksum, Sequence = options.Sequence },
        "fou" =>
            new FouEncapsulation { Remote = end.Remote, Port = end.Port, SourcePort = options.SourcePort, Checksum = options.Checksum },
        "gue" or "gue1" => new GueEncapsulation
        {
            Remote = end.Remote,
            Port = end.Port,
            SourcePort = options.SourcePort,
            Checksum = options.Checksum,
            Variant1 = type == "gue1",
            PrivateFlags = options.PrivateFlags,
            RemoteChecksum = options.RemoteChecksum,
        },
        "vxlan" => new VxlanEncapsulation
        {
            Remote = end.Remote,
            Port = end.Port,
            SourcePort = options.SourcePort,
            Checksum = options.Checksum,
            Vni = end.Id ?? 0,
            Mac = options.Mac,
        },
        "geneve" => new GeneveEncapsulation
        {
            Remote = end.Remote,
            Port = end.Port,
            SourcePort = options.SourcePort,
            Checksum = options.Checksum,
            Vni = end.Id ?? 0,
            Mac = options.Mac,
        },
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, message: null),
    };

    /// <summary>What stands between a type and its options.</summary>
    private readonly record struct Shape(bool TakesPort, ushort DefaultPort, string? IdName, bool IdNeeded, uint LargestId);

    private struct End
    {
        public IpAddress Remote;
        public ushort Port;
        public uint? Id;
    }
}
