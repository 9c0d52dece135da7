using System.Diagnostics;
using System.Net.Sockets;
using System.Net;
using Probe.Lab.Networks;
using Probe.Core.Vocabulary;

namespace Probe.Cli.Tests.Kernel;

/// <summary>
/// <c>--deadline</c> ends every command, whatever it waits for, and what had no time to be found is not called a fault. The names here are asked of
/// a server that never answers, for which the system's resolver waits ten seconds.
/// </summary>
[Collection(Lanes.Alone)]
public sealed class DeadlineTests : IClassFixture<FiveHops>, IDisposable
{
    // The deadline is 1 s; the rest is room for a machine that is busy with other tests.
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(5);

    private readonly LinuxLine _line;
    private readonly Socket _silent;
    private readonly string _resolver = Path.GetTempFileName();

    public DeadlineTests(FiveHops shared)
    {
        _line = shared.Line;
        _silent = KernelLab.In(_line.Client, () => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
        _silent.Bind(new IPEndPoint(IPAddress.Loopback, 53));
        File.WriteAllText(_resolver, "nameserver 127.0.0.1\n");
    }

    public void Dispose()
    {
        _silent.Dispose();
        File.Delete(_resolver);
    }

    [NeedsTheory(ProbeInside.Needs)]
    [InlineData("trace", "a.test")]
    [InlineData("trace", "a.test", "b.test")]
    [InlineData("check", "a.test:80")]
    [InlineData("check", "a.test:80", "b.test:80")]
    [InlineData("check", "--icmp", "a.test", "b.test")]
    [InlineData("mtu", "a.test")]
    public void A_resolver_that_never_answers_is_not_waited_for(params string[] arguments)
    {
        var result = InTime(() => RunWithSilentResolver([.. arguments, "--json", "--deadline", "1s"]));
        Assert.True(result.Status == 4, result.ToString());
        var bundle = ProbeInside.Read(result);
        Assert.False(bundle.Complete);
        Assert.Equal(SweepEnd.Deadline, bundle.EndReason);
        Assert.NotEmpty(bundle.Gaps ?? []);
    }

    [NeedsFact(ProbeInside.Needs)]
    public void An_empty_document_is_one_line_where_lines_were_asked_for()
    {
        var result = InTime(() => RunWithSilentResolver(["mtu", "a.test", "--ndjson", "--deadline", "1s"]));
        Assert.Single(result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.NotEmpty(ProbeInside.Read(result).Gaps ?? []);
    }

    [NeedsFact(ProbeInside.Needs)]
    public void Reverse_names_are_waited_for_within_the_deadline()
    {
        var result = InTime(() => RunWithSilentResolver(["trace", "--report", "-c", "1", _line.Target(v6: false).ToString(), "--deadline", "1s"]));
        Assert.Contains("Reached in 5 hops", result.Output, StringComparison.Ordinal);
    }

    [NeedsTheory(ProbeInside.Needs)]
    [InlineData("10.9.5.77")]
    [InlineData("10.9.5.77", "10.9.5.78")]
    public void A_trace_that_is_cut_off_has_found_no_fault(params string[] targets)
    {
        var result = InTime(() => _line.Probe(["trace", "-n", "--udp", "-c", "50", "-i", "200ms", "-m", "4", "--json", "--deadline", "1s", .. targets]));
        Assert.True(result.Status == 4, result.ToString());
        var bundle = ProbeInside.Read(result);
        Assert.False(bundle.Complete);
        Assert.All(bundle.Traces!, trace => Assert.False(trace.Reached));
    }

    [NeedsTheory(ProbeInside.Needs)]
    [InlineData("INT", 130, "trace", "a.test")]
    [InlineData("TERM", 143, "check", "a.test:80", "b.test:80")]
    [InlineData("TERM", 143, "mtu", "a.test")]
    public void A_signal_while_a_name_is_looked_up_still_gives_the_document(string signal, int status, params string[] arguments)
    {
        while (_silent.Available > 0)
        {
            _silent.Receive(new byte[512]);
        }

        var result = InTime(() =>
        {
            using var probe = _line.Lab.Start(_line.Client, "env", ["--default-signal=INT", .. WithSilentResolver, .. arguments, "--json"]);

            // Its question shows that it waits for the answer.
            Assert.True(_silent.Poll(ProbeInside.Limit, SelectMode.SelectRead));
            probe.Signal(signal);
            return probe.Wait(ProbeInside.Limit);
        });
        Assert.True(result.Status == status, result.ToString());
        Assert.Equal((false, SweepEnd.Interrupted), (ProbeInside.Read(result).Complete, ProbeInside.Read(result).EndReason));
    }

    /// <summary>Runs it where names are asked of the silent server.</summary>
    private LabResult RunWithSilentResolver(string[] arguments) => _line.Run("env", [.. WithSilentResolver, .. arguments]);

    private string[] WithSilentResolver => ["unshare", "-m", "sh", "-c", "mount --bind \"$0\" /etc/resolv.conf && exec \"$@\"", _resolver, ProbeInside.Program];

    private static LabResult InTime(Func<LabResult> run)
    {
        var started = Stopwatch.GetTimestamp();
        var result = run();
        var took = Stopwatch.GetElapsedTime(started);
        Assert.True(took < Longest, $"took {took}: {result}");
        return result;
    }
}
