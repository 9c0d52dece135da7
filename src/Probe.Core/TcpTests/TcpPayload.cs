using System.Diagnostics.CodeAnalysis;
using System.Text;
using Probe.Core.Packets;

namespace Probe.Core.TcpTests;

/// <summary>
/// What the tests over established connections send: octets that are valid for the service, so that a stranger's server is asked nothing
/// odd.
/// Made once a connection, to the length wanted.
/// </summary>
public sealed class TcpPayload
{
    // What every common server takes in one header line: Apache 8,190 octets, Tomcat 8,192 for all of them.
    private const int LongestRequest = 7_600;

    private readonly Func<int, byte[]> _make;

    private TcpPayload(string name, int shortest, int longest, Func<int, byte[]> make) =>
        (Name, Shortest, Longest, _make) = (name, shortest, longest, make);

    /// <summary><c>tls</c>, <c>http</c>, <c>zeros</c>, or the file's name.</summary>
    public string Name { get; }

    /// <summary>Fewest octets it can be made of.</summary>
    public int Shortest { get; }

    /// <summary>Most octets it can be made of.</summary>
    public int Longest { get; }

    /// <summary>The payload that fits a port: 443 a ClientHello, 80 a request, any other what the user chose.</summary>
    /// <param name="choice">As <c>--payload</c>: <c>tls</c>, <c>http</c>, <c>zeros</c>, a file; null where the user chose none.</param>
    /// <param name="port">Destination port.</param>
    /// <param name="host">The target as the user wrote it: name or address.</param>
    /// <param name="payload">The payload.</param>
    /// <param name="error">One line that says what to do.</param>
    public static bool TryChoose(string? choice, ushort port, string host, [NotNullWhen(true)] out TcpPayload? payload,
        [NotNullWhen(false)] out string? error)
    {
        ArgumentNullException.ThrowIfNull(host);
        (payload, error) = (null, null);
        switch (choice ?? (port switch { 443 => "tls", 80 => "http", _ => "" }))
        {
            case "":
                error = $"what may be sent to port {port}? say --payload tls, http, zeros or FILE (443 and 80 need no word)";
                return false;
            case "tls":
                payload = Tls(host);
                return true;
            case "http":
                payload = Http(host);
                return true;
            case "zeros":
                payload = Zeros;
                return true;
            case var path:
                return TryFile(path, out payload, out error);
        }
    }

    /// <summary>A padded ClientHello.</summary>
    public static TcpPayload Tls(string host)
    {
        var name = IpAddress.TryParse(host, out _) ? null : host;
        return new("tls", TlsClientHello.MinLength, TlsClientHello.MaxLength, length => TlsClientHello.Make(length, name));
    }

    /// <summary>One HTTP/1.1 request with a long header.</summary>
    public static TcpPayload Http(string host)
    {
        var authority = IpAddress.TryParse(host, out var address) && address.IsV6 ? $"[{address}]" : host;
        var start = $"GET / HTTP/1.1\r\nHost: {authority}\r\nUser-Agent: probe\r\nConnection: close\r\nX-Padding: ";
        const string End = "\r\n\r\n";
        return new("http", start.Length + End.Length + 1, LongestRequest,
            length => Encoding.ASCII.GetBytes(start + new string('0', length - start.Length - End.Length) + End));
    }

    /// <summary>Zeros, for a service that takes anything, as a responder of ours.</summary>
    public static TcpPayload Zeros { get; } = new("zeros", 1, int.MaxValue, length => new byte[length]);

    /// <summary>
    /// The octets, exactly so many or, where it cannot be made so long or short, as near as it can.
    /// </summary>
    public byte[] Make(int length) => _make(Math.Clamp(length, Shortest, Longest));

    private static bool TryFile(string path, out TcpPayload? payload, out string? error)
    {
        (payload, error) = (null, null);
        try
        {
            using var file = File.OpenRead(path);
            if (file.Length is 0 or > TcpTransfer.MaxOctets)
            {
                error = $"--payload {path}: {file.Length} octets; 1 to {TcpTransfer.MaxOctets} can be sent";
                return false;
            }

            var octets = new byte[file.Length];
            file.ReadExactly(octets);

            // A message cut short is no message: the file goes out whole, whatever length is asked for.
            payload = new TcpPayload(Path.GetFileName(path), octets.Length, octets.Length, _ => octets);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            error = $"--payload {path}: {e.Message} (known words: tls, http, zeros)";
            return false;
        }
    }
}
