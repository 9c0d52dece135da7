using System.Collections.Frozen;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;

namespace Probe.Core.Capture;

/// <summary>A word or sign of a filter, and where it stands in the text.</summary>
internal readonly record struct FilterWord(string Text, int At)
{
    /// <summary>Where it ends.</summary>
    public int End => At + Text.Length;
}

/// <summary>
/// Cuts a filter into words as libpcap does (scanner.l), and refuses what libpcap would look up: a name asks the resolver, outside of
/// any deadline. What it does not know as a word of the language it takes for a name: a newer libpcap's words are refused, never looked up.
/// </summary>
internal static partial class FilterWords
{
    // Keywords that say something about IP and what it carries, or join what does.
    private static readonly FrozenSet<string> Known = FrozenSet.Create(StringComparer.Ordinal,
        "dst", "src", "ip", "ip6", "sctp", "tcp", "udp", "icmp", "icmp6", "igmp", "igrp", "pim", "vrrp", "carp", "ah", "esp",
        "host", "net", "mask", "port", "portrange", "proto", "protochain", "less", "greater", "len", "length", "broadcast",
        "multicast", "geneve", "and", "or", "not", "icmptype", "icmpcode", "icmp-echoreply", "icmp-unreach", "icmp-sourcequench",
        "icmp-redirect", "icmp-echo", "icmp-routeradvert", "icmp-routersolicit", "icmp-timxceed", "icmp-paramprob",
        "icmp-tstamp", "icmp-tstampreply", "icmp-ireq", "icmp-ireqreply", "icmp-maskreq", "icmp-maskreply", "icmp6type",
        "icmp6code", "icmp6-packettoobig", "icmp6-timeexceeded", "icmp6-parameterproblem", "icmp6-echo", "icmp6-echoreply",
        "icmp6-multicastlistenerquery", "icmp6-multicastlistenerreportv1", "icmp6-multicastlistenerdone", "icmp6-routersolicit",
        "icmp6-routeradvert", "icmp6-neighborsolicit", "icmp6-neighboradvert", "icmp6-redirect", "tcpflags", "tcp-fin",
        "tcp-syn", "tcp-rst", "tcp-push", "tcp-ack", "tcp-urg", "tcp-ece", "tcp-cwr");

    // Keywords about frames, and about what only a capture by libpcap itself knows.
    private static readonly FrozenSet<string> LinkLayer = FrozenSet.Create(StringComparer.Ordinal,
        "link", "ether", "ppp", "slip", "fddi", "tr", "wlan", "arp", "rarp", "atalk", "aarp", "decnet", "lat", "sca", "moprc",
        "mopdl", "iso", "esis", "es-is", "isis", "is-is", "l1", "l2", "iih", "lsp", "snp", "csnp", "psnp", "clnp", "stp", "ipx",
        "netbeui", "gateway", "type", "subtype", "direction", "dir", "address1", "addr1", "address2", "addr2", "address3",
        "addr3", "address4", "addr4", "ra", "ta", "byte", "inbound", "outbound", "ifindex", "vlan", "mpls", "pppoed", "pppoes",
        "lane", "llc", "metac", "bcc", "oam", "oamf4", "oamf4ec", "oamf4sc", "sc", "ilmic", "vpi", "vci", "connectmsg",
        "metaconnect", "on", "ifname", "rset", "ruleset", "rnr", "rulenum", "srnr", "subrulenum", "reason", "action", "radio",
        "fisu", "lssu", "lsu", "msu", "hfisu", "hlssu", "hmsu", "sio", "opc", "dpc", "sls", "hsio", "hopc", "hdpc", "hsls");

    /// <summary>Cuts it; false with what is wrong with a word.</summary>
    public static bool TryCut(string text, out List<FilterWord> words, out string why)
    {
        words = [];
        why = "";
        var takesRange = false;
        for (var at = 0; at < text.Length;)
        {
            if (text[at] is ' ' or '\t' or '\r' or '\n')
            {
                at++;
                continue;
            }

            var word = WordAt(text, at);
            takesRange = word.Text == "portrange" || (takesRange && IsJoining(word.Text));
            if (Refuse(word.Text, takesRange) is { } refused)
            {
                why = refused;
                return false;
            }

            words.Add(word);
            at = word.End;
        }

        return true;
    }

    private static FilterWord WordAt(string text, int at)
    {
        var address = ColonRun().Match(text, at);
        if (address.Success && IsColonAddress(address.Value))
        {
            return new FilterWord(address.Value, at);
        }

        var word = Word().Match(text, at);
        var sign = word.Success ? word.Value : Sign().Match(text, at) is { Success: true } two ? two.Value : text.Substring(at, 1);
        return new FilterWord(sign, at);
    }

    /// <summary>What is wrong with a word by itself; null for nothing.</summary>
    private static string? Refuse(string word, bool takesRange)
    {
        if (IsColonAddress(word))
        {
            return IPAddress.TryParse(word, out var address) && address.AddressFamily == AddressFamily.InterNetworkV6 ? null
                : Hardware().IsMatch(word) ? OfLinkLayer(word) : $"'{word}' is not an address";
        }

        if (LinkLayer.Contains(word))
        {
            return OfLinkLayer(word);
        }

        if (Known.Contains(word) || Number().IsMatch(word) || IsDotted(word) || (takesRange && Range().IsMatch(word)))
        {
            return null;
        }

        return char.IsAsciiLetterOrDigit(word[0]) ? $"'{word}' is a name, and names are not looked up: give the address or the number"
            : Signs.Contains(word[0], StringComparison.Ordinal) ? null : $"'{word}' means nothing here";
    }

    private static string OfLinkLayer(string word) => $"'{word}' is about the link layer: --pcap takes IP packets, from the IP header on";

    private const string Signs = "+-*/%:[]!<>()&|^=";

    private static bool IsJoining(string word) =>
        word is "and" or "or" or "not" or "&&" or "||" or "!" or "(" or ")" || Range().IsMatch(word) || Number().IsMatch(word);

    /// <summary>Not the one colon of <c>ip[2:2]</c>.</summary>
    private static bool IsColonAddress(string text) => text.Contains("::", StringComparison.Ordinal) || text.AsSpan().Count(':') >= 3;

    /// <summary>An IPv4 address or the beginning of one; anything longer or larger would be looked up.</summary>
    private static bool IsDotted(string word)
    {
        var parts = word.Split('.');
        return parts.Length is > 1 and <= 4 && parts.All(part => byte.TryParse(part, System.Globalization.NumberStyles.None, null, out _));
    }

    [GeneratedRegex(@"\G[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex ColonRun();

    [GeneratedRegex(@"\G[A-Za-z0-9]([-_.A-Za-z0-9]*[.A-Za-z0-9])?", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Word();

    [GeneratedRegex(@"\G(&&|\|\||[<>!=]=|<<|>>)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Sign();

    [GeneratedRegex(@"^([0-9]+|0[xX][0-9A-Fa-f]+)\z", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Number();

    [GeneratedRegex(@"^[0-9]+-[0-9]+\z", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Range();

    [GeneratedRegex(@"^[0-9A-Fa-f]{1,2}(:[0-9A-Fa-f]{1,2}){5}\z", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Hardware();
}
