using System.Text;
using Probe.Core.Evidence;
using Probe.Core.Vocabulary;
using Probe.Lab.Instruments;
using Probe.Lab.Networks;

namespace Probe.Cli.Tests.Kernel;

/// <summary>Runs the built program inside a namespace of a lab.</summary>
internal static class ProbeInside
{
    /// <summary>What every test here needs of the machine.</summary>
    public const Need Needs = Need.Namespaces | Need.Nftables;

    /// <summary>Far off: only a program that hangs meets it, not one on a machine with thirty others that want to run.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    /// <summary>The program that was built with these tests.</summary>
    public static readonly string Program = Path.Combine(AppContext.BaseDirectory, "probe");

    /// <summary>
    /// Runs the program without any capability, as <c>setpriv</c> with these arguments. It stays root by name: another user might not be able to
    /// read this tree.
    /// </summary>
    public static readonly string[] WithoutPrivilege = ["--bounding-set=-all", "--inh-caps=-all", Program];

    /// <summary>All transports in both families.</summary>
    public static TheoryData<ProbeProtocol, bool> Cases => new()
    {
        { ProbeProtocol.Icmp, false }, { ProbeProtocol.Udp, false }, { ProbeProtocol.Tcp, false },
        { ProbeProtocol.Icmp, true }, { ProbeProtocol.Udp, true }, { ProbeProtocol.Tcp, true },
    };

    public static LabResult Probe(this LinuxLine line, params string[] arguments) => line.Lab.Run(line.Client, Limit, Program, arguments);

    public static LabProcess StartProbe(this LinuxLine line, params string[] arguments) =>

        // Whoever started the tests may have had SIGINT ignored, as a shell does for jobs in the background.
        line.Lab.Start(line.Client, "env", ["--default-signal=INT,HUP", Program, .. arguments]);

    /// <summary>Traces the server and reads the document.</summary>
    public static (Bundle Bundle, TraceEvidence Trace, LabResult Result) Trace(this LinuxLine line, ProbeProtocol protocol, bool v6, params string[] more)
    {
        var result = line.Probe(["trace", "-n", "--json", Option(protocol), .. more, line.Target(v6).ToString()]);
        var bundle = Read(result);
        return (bundle, Assert.Single(bundle.Traces!), result);
    }

    public static Bundle Read(LabResult result) =>
        EvidenceJson.TryRead(Encoding.UTF8.GetBytes(result.Output), out var bundle, out var error) ? bundle : throw new InvalidOperationException($"{error}\n{result}");

    public static string Option(ProbeProtocol protocol) => "--" + protocol.ToString().ToLowerInvariant();

    /// <summary>The route to the target as the kernel tells it.</summary>
    public static string Route(this LinuxLine line, bool v6) => line.Run("ip", "route", "get", line.Target(v6).ToString()).MustSucceed().Output;

    public static LabResult Run(this LinuxLine line, string program, params string[] arguments) => line.Lab.Run(line.Client, Limit, program, arguments);

    /// <summary>Counts what the client sends to the traced address.</summary>
    public static PacketCounter CountProbes(this LinuxLine line, bool v6) =>
        new(line.Lab, line.Client, "output", $"{(v6 ? "ip6" : "ip")} daddr {line.Target(v6)}");

    /// <summary>The addresses of a line, hop by hop.</summary>
    public static string[] Addresses(this LinuxLine line, bool v6) => [.. Enumerable.Range(1, line.Hops).Select(hop => LinuxLine.Hop(hop, v6).ToString())];

    /// <summary>The addresses that a trace saw, hop by hop.</summary>
    public static string[] Addresses(this TraceEvidence trace) => [.. trace.Hops.Select(hop => string.Join(' ', hop.Nodes.Select(node => node.Address)))];
}

/// <summary>A line that tests of one class share; built when the first of them asks, so that skipped tests build nothing.</summary>
public abstract class SharedLine(int hops) : IDisposable
{
    private KernelLab? _lab;
    private LinuxLine? _line;

    public LinuxLine Line => _line ??= LinuxLine.Build(_lab ??= new KernelLab(), hops);

    public void Dispose()
    {
        _lab?.Dispose();
        GC.SuppressFinalize(this);
    }
}

/// <summary>Nine hops without ICMP limits.</summary>
public sealed class NineHops() : SharedLine(9);

/// <summary>Five hops without ICMP limits.</summary>
public sealed class FiveHops() : SharedLine(5);
