using System.Net;
using DnsClient;
using DnsClient.Protocol;

namespace Probe.Cli.Names;

/// <summary>
/// The name servers of /etc/resolv.conf, asked directly for what the system's resolver does not tell: the texts of a name (TXT records,
/// RFC 1035 section 3.3.14). Safe for use by several threads.
/// </summary>
internal sealed class NameServers
{
    private const int DnsPort = 53;
    private const int MostServers = 3; // MAXNS of resolv.h
    private const int Turns = 2;
    private const string Configuration = "/etc/resolv.conf";

    // An IPv6 packet of 1280 octets, which every link carries (RFC 8200 section 5), less its headers: larger answers come by TCP.
    private const int LargestOverUdp = 1232;

    private readonly NameServer[] _servers;
    private readonly LookupClient _client;
    private readonly DnsQueryOptions _extended;
    private readonly DnsQueryOptions _plain;
    private int _first;

    /// <summary>Asks these servers.</summary>
    /// <param name="servers">In the order in which they are asked; at least one.</param>
    /// <param name="timeout">How long one of them is waited for, by UDP and again by TCP.</param>
    public NameServers(IReadOnlyList<IPEndPoint> servers, TimeSpan timeout)
    {
        _servers = [.. servers.Select(server => new NameServer(server))];
        _extended = Options(timeout, LargestOverUdp);
        _plain = Options(timeout, DnsQueryOptions.MinimumBufferSize);

        // Named, always: what the library finds by itself is nothing where only the loopback interface is up.
        _client = new LookupClient(new LookupClientOptions(_servers) { AutoResolveNameServers = false, UseCache = false });
    }

    /// <summary>Asks the servers of /etc/resolv.conf, as they stand there now.</summary>
    public static NameServers OfSystem() =>
        new(ServersOf(File.Exists(Configuration) ? File.ReadLines(Configuration) : []), TimeSpan.FromSeconds(1));

    /// <summary>The servers that the lines of a resolv.conf name; this host where they name none (resolv.conf(5)).</summary>
    internal static IReadOnlyList<IPEndPoint> ServersOf(IEnumerable<string> lines)
    {
        var servers = new List<IPEndPoint>();
        foreach (var line in lines)
        {
            if (line.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries) is ["nameserver", var text, ..]
                && servers.Count < MostServers
                && IPAddress.TryParse(text, out var address))
            {
                servers.Add(new IPEndPoint(HostOf(address), DnsPort));
            }
        }

        return servers.Count > 0 ? servers : [new IPEndPoint(IPAddress.Loopback, DnsPort)];
    }

    /// <summary>The texts of a name; empty when it has none, null when no server answered. Blocks for as long as they take.</summary>
    public IReadOnlyList<string>? TextsOf(string name)
    {
        var question = new DnsQuestion(name, QueryType.TXT);

        // First the one that answered last: a dead one costs its time once, not once a question.
        var first = Volatile.Read(ref _first);
        for (var i = 0; i < Turns * _servers.Length; i++)
        {
            var at = (first + i) % _servers.Length;
            if (Ask(_servers[at], question) is { } response)
            {
                Volatile.Write(ref _first, at);
                return [.. response.Answers.OfType<TxtRecord>().Select(record => string.Concat(record.Text))];
            }
        }

        return null;
    }

    private static DnsQueryOptions Options(TimeSpan timeout, int largestOverUdp) =>

        // What one server says is judged here: to the library "no such name" is an error for which it asks the next server.
        new() { Timeout = timeout, ExtendedDnsBufferSize = largestOverUdp, Retries = 0, UseCache = false, ContinueOnDnsError = false };

    // The unspecified address means this host (inet(7)), but not to the library.
    private static IPAddress HostOf(IPAddress address) =>
        address.Equals(IPAddress.Any) ? IPAddress.Loopback : address.Equals(IPAddress.IPv6Any) ? IPAddress.IPv6Loopback : address;

    /// <summary>The answer of one server, be it that there is nothing; null when it could not or would not say, or said nothing.</summary>
    private IDnsQueryResponse? Ask(NameServer server, DnsQuestion question)
    {
        var response = Ask(server, question, _extended);
        if (response?.Header.ResponseCode is DnsHeaderResponseCode.FormatError or DnsHeaderResponseCode.NotImplemented)
        {
            // It does not know extensions (RFC 6891 section 7).
            response = Ask(server, question, _plain);
        }

        return response?.Header.ResponseCode is DnsHeaderResponseCode.NoError or DnsHeaderResponseCode.NotExistentDomain
            && response.Questions is [var repeated] && IsSame(repeated, question) ? response : null;
    }

    private IDnsQueryResponse? Ask(NameServer server, DnsQuestion question, DnsQueryOptions options)
    {
        try
        {
            // Without a task, the library would connect by TCP for as long as the kernel tries.
            return _client.QueryServerAsync([server], question, options).GetAwaiter().GetResult();
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // No answer in time, no way to that server, another's answer, or octets that are none: for a damaged record of another type the
            // library fails with a null reference, and this thread's end would be the process's.
            return null;
        }
    }

    // The library looks at the number alone. Case may differ: some servers answer in their own.
    private static bool IsSame(DnsQuestion left, DnsQuestion right) => left.QuestionType == right.QuestionType
        && left.QuestionClass == right.QuestionClass
        && string.Equals(left.QueryName.Value, right.QueryName.Value, StringComparison.OrdinalIgnoreCase);
}
