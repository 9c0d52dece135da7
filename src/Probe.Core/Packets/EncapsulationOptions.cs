using System.Globalization;

namespace Probe.Core.Packets;

/// <summary>The <c>,opt=value</c> part of an encapsulation's text, read once for all types; each type then takes what it knows.</summary>
internal sealed class EncapsulationOptions
{
    private const string Common = "src= ttl= dscp= df=";
    private const string OfUdp = "sport= csum";

    private readonly HashSet<string> _given = new(StringComparer.Ordinal);

    public IpAddress Source { get; private set; }

    public byte? Ttl { get; private set; }

    public byte? Dscp { get; private set; }

    public bool? DontFragment { get; private set; }

    public ushort? SourcePort { get; private set; }

    public ulong? Mac { get; private set; }

    public uint? PrivateFlags { get; private set; }

    public bool Checksum => _given.Contains("csum");

    public bool Sequence => _given.Contains("seq");

    public bool RemoteChecksum => _given.Contains("remcsum");

    /// <summary>Reads the options; null, or what is wrong.</summary>
    /// <param name="type">The encapsulation's type word.</param>
    /// <param name="remote">The far end, whose family the source must have.</param>
    /// <param name="texts">The options, without commas.</param>
    public string? Read(string type, IpAddress remote, ReadOnlySpan<string> texts)
    {
        foreach (var text in texts)
        {
            var cut = text.IndexOf('=', StringComparison.Ordinal);
            var name = cut < 0 ? text : text[..cut];
            var value = cut < 0 ? null : text[(cut + 1)..];
            var known = KnownTo(type);
            if (!known.Split(' ').Contains(value is null ? name : name + "="))
            {
                return Unknown(type, text, name, known);
            }

            if (!_given.Add(name))
            {
                return $"names {name} twice: leave one out";
            }

            if (value is not null && Set(name, value, remote) is { } error)
            {
                return error;
            }
        }

        return null;
    }

    private static string Unknown(string type, string text, string name, string known)
    {
        var words = known.Split(' ');
        return text.Length == 0 ? "has an empty option: leave the comma out"
            : words.Contains(name) ? $"gives {name} a value, and it takes none"
            : words.Contains(name + "=") ? $"gives {name} no value: write {name}=…"
            : $"has the option {name}, which {type} does not know: use {known}";
    }

    private static string KnownTo(string type) => type switch
    {
        "ipip" => Common,
        "gre" => $"{Common} csum seq",
        "gue" => $"{Common} {OfUdp} remcsum private=",
        "vxlan" or "geneve" => $"{Common} {OfUdp} mac=",
        "fou" or "gue1" => $"{Common} {OfUdp}",
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, message: null),
    };

    private string? Set(string name, string value, IpAddress remote)
    {
        switch (name)
        {
            case "src":
                return SetSource(value, remote);
            case "ttl":
                Ttl = byte.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var ttl) && ttl > 0 ? ttl : null;
                return Ttl is null ? $"has ttl={value}: use 1 to 255" : null;
            case "dscp":
                var read = CodePoint.TryParse(value, out var dscp, out var why);
                Dscp = dscp;
                return read ? null : $"has dscp={value}, which {why}";
            case "df":
                DontFragment = value switch
                {
                    "1" => true,
                    "0" => false,
                    _ => null,
                };
                return DontFragment is null ? $"has df={value}: use 0 or 1" : remote.IsV6
                    ? "has df=, and an outer IPv6 header has no such bit: leave it out" : null;
            case "sport":
                SourcePort = ushort.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port > 0
                    ? port : null;
                return SourcePort is null && value != "auto" ? $"has sport={value}: use auto or 1 to 65535" : null;
            case "mac":
                Mac = ReadMac(value);
                return Mac is null ? $"has mac={value}: write six octets as in 02:00:5e:00:53:01" : null;
            default:
                return SetPrivate(value);
        }
    }

    private string? SetSource(string value, IpAddress remote)
    {
        var bare = value is ['[', .. var inside, ']'] ? inside : value;
        if (!IpAddress.TryParse(bare, out var source) || (value != bare && !source.IsV6))
        {
            return $"has src={value}, which is not an address: names are not taken here";
        }

        Source = source;
        return source.Length == remote.Length ? null : $"has src={value}: its family is not that of {remote}";
    }

    private string? SetPrivate(string value)
    {
        var digits = value.StartsWith("0x", StringComparison.OrdinalIgnoreCase) ? value[2..] : value;
        if (digits.Length > 8 || !uint.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var flags))
        {
            return $"has private={value}: use up to 8 hexadecimal digits, the 32 private flags";
        }

        PrivateFlags = flags;
        return (flags & GueEncapsulation.RemoteChecksumFlag) == 0
            ? null : $"has private={value}: its highest flag announces remote checksum offload, write remcsum for it";
    }

    private static ulong? ReadMac(string text)
    {
        var parts = text.Split(':');
        var mac = 0UL;
        foreach (var part in parts)
        {
            if (part.Length is 0 or > 2
                || !byte.TryParse(part, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var octet))
            {
                return null;
            }

            mac = mac << 8 | octet;
        }

        return parts.Length == 6 ? mac : null;
    }
}
