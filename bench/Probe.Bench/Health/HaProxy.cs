using System.Globalization;
using System.Text;
using Probe.Lab.Networks;
using Probe.Lab;

namespace Probe.Bench.Health;

/// <summary>HAProxy's own health checks of the same targets, one thread: how many connections a second it opens, and what CPU it takes for that.</summary>
internal static class HaProxy
{
    // USER_HZ, which is 100 on every architecture .NET runs on.
    private const double TicksPerSecond = 100;

    public static string Run(KernelLab lab, CheckNetwork network, string folder)
    {
        if (LabCapabilities.Program("haproxy") is { } missing)
        {
            return $"Not measured: {missing}.\n";
        }

        var table = new MarkdownTable("haproxy, 1 thread", "checks/s", "CPU %", "CPU µs/check", "RSS MB");
        Add(lab, network, folder, table, "10,000 servers, inter 1s", 10_000, "1s");
        Add(lab, network, folder, table, "5,000 servers, inter 100ms", 5_000, "100ms");
        return table.ToString();
    }

    private static void Add(KernelLab lab, CheckNetwork network, string folder, MarkdownTable table, string title, int servers, string interval)
    {
        var file = Path.Combine(folder, "haproxy.cfg");
        var text = new StringBuilder($"global\n nbthread 1\n maxconn 1000\ndefaults\n mode tcp\n timeout connect 1s\n timeout client 1s\n timeout server 1s\n timeout check 1s\nfrontend unused\n bind 127.0.0.1:1\n default_backend all\nbackend all\n");
        for (var number = 0; number < servers; number++)
        {
            text.Append(CultureInfo.InvariantCulture, $" server s{number} {CheckNetwork.Alive(number)}:{CheckedListener.Port} check inter {interval}\n");
        }

        File.WriteAllText(file, text.ToString());
        using var listener = new CheckedListener(network.Server);
        using var haproxy = lab.Start(network.Client, "haproxy", "-db", "-f", file);
        Thread.Sleep(4_000);
        var (opened, cpu, begun) = (Opened(network), Cpu(haproxy.Id), Environment.TickCount64);
        Thread.Sleep(5_000);
        var seconds = (Environment.TickCount64 - begun) / 1e3;
        var (checks, used) = ((Opened(network) - opened) / seconds, (Cpu(haproxy.Id) - cpu) / seconds);
        var peak = File.ReadLines($"/proc/{haproxy.Id}/status").First(line => line.StartsWith("VmHWM:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2];
        table.Add(title, $"{checks:0}", $"{used * 100:0}", $"{used * 1e6 / checks:0.0}", $"{double.Parse(peak, CultureInfo.InvariantCulture) / 1024:0.0}");
    }

    /// <summary>Connections that the namespace has opened (RFC 2012 tcpActiveOpens).</summary>
    private static long Opened(CheckNetwork network)
    {
        var lines = KernelLab.In(network.Client, () => File.ReadAllLines("/proc/thread-self/net/snmp")).Where(line => line.StartsWith("Tcp:", StringComparison.Ordinal)).Select(line => line.Split(' ')).ToList();
        return long.Parse(lines[1][Array.IndexOf(lines[0], "ActiveOpens")], CultureInfo.InvariantCulture);
    }

    private static double Cpu(int id)
    {
        // utime and stime are the 14th and 15th fields; the second may hold blanks but ends with a bracket.
        var fields = File.ReadAllText($"/proc/{id}/stat").Split(") ")[^1].Split(' ');
        return (double.Parse(fields[11], CultureInfo.InvariantCulture) + double.Parse(fields[12], CultureInfo.InvariantCulture)) / TicksPerSecond;
    }
}
