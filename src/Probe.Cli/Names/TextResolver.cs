using System.Net.Sockets;
using System.Net;
using System.Security.Cryptography;

namespace Probe.Cli.Names;

/// <summary>
/// Asks name servers for TXT records over UDP. DnsClient, the usual package for it, does not restore here, and the C library's
/// res_query changes its name from version to version; so this is one question on one socket and nothing else.
/// </summary>
internal sealed class TextResolver(IReadOnlyList<IPEndPoint> servers, TimeSpan timeout)
{
    private const int DnsPort = 53;
    private const int MostServers = 3; // MAXNS of resolv.h
    private const int Turns = 2;
    private const string Configuration = "/etc/resolv.conf";

    /// <summary>Asks the servers of /etc/resolv.conf, as they stand there now.</summary>
    public static TextResolver OfSystem() =>
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
                servers.Add(new IPEndPoint(address, DnsPort));
            }
        }

        return servers.Count > 0 ? servers : [new IPEndPoint(IPAddress.Loopback, DnsPort)];
    }

    /// <summary>The texts of a name; empty when it has none, null when no server answered. Blocks for as long as they take.</summary>
    public IReadOnlyList<string>? Ask(string name)
    {
        for (var turn = 0; turn < Turns; turn++)
        {
            foreach (var server in servers)
            {
                if (Ask(server, name) is { } texts)
                {
                    return texts;
                }
            }
        }

        return null;
    }

    private IReadOnlyList<string>? Ask(IPEndPoint server, string name)
    {
        Span<byte> question = stackalloc byte[DnsMessage.Largest];
        Span<byte> answer = stackalloc byte[DnsMessage.Largest];
        question = question[..DnsMessage.WriteQuestion(question, (ushort)RandomNumberGenerator.GetInt32(0x10000), name)];
        try
        {
            // Connected: only this server's answers arrive, and a closed port is known at once.
            using var socket = new Socket(server.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
            socket.Connect(server);
            socket.Send(question);
            var end = Environment.TickCount64 + (long)timeout.TotalMilliseconds;
            while (end - Environment.TickCount64 is > 0 and var left && socket.Poll(TimeSpan.FromMilliseconds(left), SelectMode.SelectRead))
            {
                var length = socket.Receive(answer);
                switch (DnsMessage.Read(answer[..length], question, out var texts))
                {
                    case DnsOutcome.Answered:
                        return texts;
                    case DnsOutcome.Failed:
                        return null;
                }
            }
        }
        catch (SocketException)
        {
            // No such server, or no way to it: the next one may know.
            return null;
        }

        return null;
    }
}
