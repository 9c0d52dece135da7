using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Probe.Cli.Frame;
using Probe.Cli.Output;
using Probe.Cli.Tests.Kernel;
using Probe.Core.Evidence;
using Probe.Core.Linux.Files;
using Probe.Core.Vocabulary;
using Probe.Lab.Networks;

namespace Probe.Cli.Tests.Frame;

/// <summary>Two measurements in one frame give one document, one capture, one report and one exit code; see <see cref="PairCommand"/>.</summary>
public sealed partial class TwoMeasurementsTests(FiveHops shared) : IClassFixture<FiveHops>
{
    private readonly LinuxLine _line = shared.Line;

    [NeedsFact(ProbeInside.Needs | Need.Tshark)]
    public void One_document_one_capture_and_one_zero_of_time()
    {
        using var service = Serve();
        using var folder = new TemporaryFolder();
        var file = Path.Combine(folder.Path, "run.pcapng");
        var (status, output) = Run(default, "--json", "--pcap", file, Service(service));
        Assert.Equal(ExitStatus.Fine, status);
        var bundle = Read(output);
        Assert.Equal((true, SweepEnd.Done), (bundle.Complete, bundle.EndReason));
        var (trace, check) = (Assert.Single(bundle.Traces!), Assert.Single(bundle.Checks!));
        Assert.True(trace.Reached);
        Assert.Equal(CheckVerdict.Up, check.Verdict);
        Assert.Empty(bundle.Findings!);
        Assert.NotEmpty(bundle.NotExamined!);

        // Offsets of both count from the document's start: the check came last, and neither lies outside the run.
        var last = trace.Probes!.Max(probe => probe.SentNs);
        Assert.InRange(last, 1, check.StartedNs);
        Assert.InRange(check.StartedNs, last, bundle.Ended.UnixNs - bundle.Started.UnixNs);

        Assert.Equal(file, Assert.Single(bundle.Captures!).File);
        var comments = Shell.Run("tshark", "-r", file, "-T", "fields", "-e", "frame.comment").Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(trace.Probes!.Count, comments.Count(comment => comment.StartsWith("probe ", StringComparison.Ordinal)));
        Assert.Contains($"check of {check.Name}", comments);
        Assert.Contains($"answer to the check of {check.Name}", comments);
    }

    [NeedsFact(ProbeInside.Needs)]
    public void The_report_shows_both()
    {
        using var service = Serve();
        var (status, output) = Run(default, Service(service));
        Assert.Equal(ExitStatus.Fine, status);
        Assert.Matches("^# Path to .*: reached in 5 hops; Checks of 1 targets: 0 down\n", output);
        Assert.Contains("No fault was found. 1 targets are up, 0 count as down.", output, StringComparison.Ordinal);
        Assert.True(output.IndexOf("## Path\n", StringComparison.Ordinal) < output.IndexOf("## Checks\n", StringComparison.Ordinal), output);
    }

    [NeedsFact(ProbeInside.Needs)]
    public void A_target_that_is_down_is_the_exit_code_of_both() =>
        Assert.Equal(ExitStatus.Fault, Run(default, $"{_line.Target(v6: false)}:9").Status);

    [NeedsFact(ProbeInside.Needs)]
    public void A_deadline_ends_both_and_what_was_not_measured_is_a_gap()
    {
        // Nobody answers, so that the trace alone would take longer.
        var (status, output) = Run(default, "--json", "--deadline", "500ms", "198.51.100.9:80");
        var bundle = Read(output);
        Assert.Equal((false, SweepEnd.Deadline), (bundle.Complete, bundle.EndReason));
        Assert.Null(bundle.Checks);
        Assert.Equal(ExitStatus.Incomplete, status);
    }

    [NeedsFact(ProbeInside.Needs)]
    public void A_signal_ends_both_and_the_document_says_so()
    {
        using var signal = new CancellationTokenSource(TimeSpan.FromMilliseconds(300));
        var (_, output) = Run(signal.Token, "--json", "198.51.100.9:80");
        Assert.Equal(SweepEnd.Interrupted, Read(output).EndReason);
    }

    [NeedsFact(ProbeInside.Needs)]
    public void Wrong_usage_is_refused_as_everywhere()
    {
        Assert.Equal(ExitStatus.Usage, Assert.Throws<UserError>(() => Run(default, "-4", "-6", "192.0.2.1:80")).Status);
        Assert.Contains("pair", Run(default, "--help").Output, StringComparison.Ordinal);
    }

    [Fact]
    public void The_command_is_short() =>
        Assert.InRange(File.ReadLines(Path.Combine(Golden.Root, "tests/Probe.Cli.Tests/Frame/PairCommand.cs")).Count(), 1, 60);

    private string Service(TcpListener listener) => $"{_line.Target(v6: false)}:{((IPEndPoint)listener.LocalEndpoint).Port}";

    private TcpListener Serve() => KernelLab.In(_line.Server, () =>
    {
        var listener = new TcpListener(IPAddress.Any, 0);
        listener.Start();
        return listener;
    });

    /// <summary>Runs the command in this process; results go to a file, as a shell would have it.</summary>
    private (ExitStatus Status, string Output) Run(CancellationToken signals, params string[] arguments) => KernelLab.In(_line.Client, () =>
    {
        using var folder = new TemporaryFolder();
        using var file = new FileStream(Path.Combine(folder.Path, "output"), FileMode.Create, FileAccess.ReadWrite);

        // A copy without close-on-exec, as a descriptor that a shell gave.
        using var copy = new SafeFileHandle(dup((int)file.SafeFileHandle.DangerousGetHandle()), ownsHandle: true);
        using var results = new StandardStream((int)copy.DangerousGetHandle());
        var context = new CommandContext(["pair", .. arguments], results, new Messages(StandardStream.ForMessages()), signals);
        var status = CommandTree.Run(["pair", "-n", .. arguments], context, new PairCommand());
        context.Out.Flush();
        file.Position = 0;
        return (status, new StreamReader(file).ReadToEnd());
    });

    private static Bundle Read(string output) =>
        EvidenceJson.TryRead(Encoding.UTF8.GetBytes(output), out var bundle, out var error) ? bundle : throw new InvalidOperationException($"{error}\n{output}");

    [LibraryImport("libc")]
    private static partial int dup(int descriptor);
}
