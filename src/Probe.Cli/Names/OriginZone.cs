using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Probe.Core.Packets;

namespace Probe.Cli.Names;

/// <summary>
/// Origins from the public DNS zone that mtr asks too: <c>1.2.0.192.origin.asn.cymru.com</c> says "64500 | 192.0.2.0/24 | …",
/// <c>AS64500.asn.cymru.com</c> says "64500 | … | NAME".
/// </summary>
/// <param name="ask">The texts of a name; null when nobody answered.</param>
internal sealed class OriginZone(Func<string, IReadOnlyList<string>?> ask)
{
    private const string V4Zone = "origin.asn.cymru.com";
    private const string V6Zone = "origin6.asn.cymru.com";
    private const string SystemZone = "asn.cymru.com";

    private readonly ConcurrentDictionary<uint, string?> _names = [];
    private int _unanswered;

    /// <summary>Questions that nobody answered.</summary>
    public int Unanswered => Volatile.Read(ref _unanswered);

    /// <summary>The origin of an address; null when it has none or nobody answered. Blocks.</summary>
    public AsOrigin? Of(IpAddress address)
    {
        if (Ask(NameOf(address)) is not { } texts)
        {
            return null;
        }

        // A prefix with several origins has them in one field or in several records: the first stands for all.
        var fields = texts.Select(text => text.Split('|')).FirstOrDefault(parts => TryNumber(parts[0], out _));
        if (fields is null || !TryNumber(fields[0], out var number))
        {
            return null;
        }

        return new AsOrigin(number, NameOf(number));
    }

    /// <summary>
    /// False for addresses that belong to nobody in particular; asking about them would only tell a stranger about this network.
    /// </summary>
    public static bool IsGlobal(IpAddress address) => address.IsV4
        ? !V4Special.Any(special => (uint)address.Bits >> (32 - special.Length) == special.Prefix >> (32 - special.Length))
        : (uint)(address.Bits >> 125) == 1 && (uint)(address.Bits >> 96) != 0x20010db8;

    // The IANA registry of special-purpose addresses (RFC 6890), and multicast with what lies above.
    private static readonly (uint Prefix, int Length)[] V4Special =
    [
        (0x00000000, 8), (0x0a000000, 8), (0x64400000, 10), (0x7f000000, 8), (0xa9fe0000, 16), (0xac100000, 12), (0xc0000000, 24),
        (0xc0000200, 24),
        (0xc0a80000, 16), (0xc6120000, 15), (0xc6336400, 24), (0xcb007100, 24), (0xe0000000, 3),
    ];

    /// <summary>The name that is asked for an address.</summary>
    internal static string NameOf(IpAddress address)
    {
        Span<byte> octets = stackalloc byte[16];
        octets = octets[..address.WriteTo(octets)];
        var name = new StringBuilder();
        for (var i = octets.Length - 1; i >= 0; i--)
        {
            _ = address.IsV4
                ? name.Append(CultureInfo.InvariantCulture, $"{octets[i]}.")
                : name.Append(CultureInfo.InvariantCulture, $"{octets[i] & 0xf:x}.{octets[i] >> 4:x}.");
        }

        return name.Append(address.IsV4 ? V4Zone : V6Zone).ToString();
    }

    private string? NameOf(uint number)
    {
        if (_names.TryGetValue(number, out var known))
        {
            return known;
        }

        if (Ask($"AS{number.ToString(CultureInfo.InvariantCulture)}.{SystemZone}") is not { } texts)
        {
            return null;
        }

        var name = texts.Select(text => text.Split('|')).Where(parts => parts.Length >= 5).Select(parts => parts[^1].Trim())
            .FirstOrDefault();
        return _names[number] = string.IsNullOrEmpty(name) ? null : name;
    }

    private IReadOnlyList<string>? Ask(string name)
    {
        var texts = ask(name);
        if (texts is null)
        {
            Interlocked.Increment(ref _unanswered);
        }

        return texts;
    }

    private static bool TryNumber(string field, out uint number)
    {
        number = 0;
        return field.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [var first, ..]
            && uint.TryParse(first, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number > 0;
    }
}
