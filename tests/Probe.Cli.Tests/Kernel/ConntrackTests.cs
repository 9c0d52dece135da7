using System.Globalization;
using System.Text.RegularExpressions;
using Probe.Lab.Networks;

namespace Probe.Cli.Tests.Kernel;

/// <summary>
/// Raw checks and the connection tracking table of a host with a stateful rule. nf_conntrack_max is one number for the machine and cannot be written
/// in a namespace (EACCES), so the program is shown a small limit by a file mounted over it; the entries are the true ones of its namespace, counted by
/// the kernel while it runs. What this shows: by what the program reads, it never takes the table above six tenths, unless told to.
/// </summary>
public sealed partial class ConntrackTests : IDisposable
{
    private const int Limit = 5000;

    private readonly KernelLab _lab = new();
    private readonly CheckNetwork _net;
    private readonly TemporaryFolder _folder = new();

    public ConntrackTests()
    {
        _net = CheckNetwork.Build(_lab);
        KernelLab.Nft(_net.Client, "table inet stateful { chain in { type filter hook input priority 0; ct state invalid drop; }; }");
        File.WriteAllText(LimitFile, $"{Limit}\n");
    }

    private string LimitFile => Path.Combine(_folder.Path, "nf_conntrack_max");

    public void Dispose()
    {
        _lab.Dispose();
        _folder.Dispose();
    }

    [NeedsTheory(ProbeInside.Needs)]
    [InlineData(400, "", "", 0.1)]
    [InlineData(2000, "slowed down to", "", 0.1)]
    [InlineData(4000, "--allow-conntrack-fill", "", 0.001)]
    [InlineData(4000, "", "--allow-conntrack-fill", 1)]
    public void A_stateful_rule_and_a_small_table_are_never_above_six_tenths(int silent, string said, string option, double most)
    {
        var file = Path.Combine(_folder.Path, "targets");
        File.WriteAllLines(file, Enumerable.Range(0, silent).Select(number => $"{CheckNetwork.BlackHole(number)}:80"));
        using var probe = _lab.Start(_net.Client, "unshare", "-m", "sh", "-c",
            $"mount --bind {LimitFile} /proc/sys/net/netfilter/nf_conntrack_max && exec {ProbeInside.Program} check --engine raw --rate max --timeout 200ms --deadline 4s -F {file} {option}");
        var highest = 0L;
        while (!probe.HasEnded)
        {
            highest = Math.Max(highest, Entries());
            Thread.Sleep(5);
        }

        var result = probe.Wait(ProbeInside.Limit);
        Assert.Contains(said, result.Error, StringComparison.Ordinal);
        Assert.InRange(Math.Max(highest, Entries()), 0, most * Limit);
        if (option.Length > 0)
        {
            // Told to, it does fill the table: the other rows could fail.
            Assert.True(highest > 0.6 * Limit, $"{highest}");
        }
        else if (silent == 400)
        {
            Assert.Equal(400, highest);
        }
    }

    [NeedsFact(ProbeInside.Needs)]
    public void The_rule_that_doctor_prints_keeps_raw_checks_out_of_the_table()
    {
        KernelLab.Ip([$"-n {_net.Client} addr add 10.30.0.7/24 dev east", $"-n {_net.Server} neigh add 10.30.0.7 lladdr 02:30:00:00:00:01 dev west nud permanent"]);
        using var listener = new CheckedListener(_net.Server);
        var doctor = _lab.Run(_net.Client, ProbeInside.Limit, ProbeInside.Program, "doctor", "--source", "10.30.0.7");
        Assert.Matches(@"(?m)^ok\s+raw-check\s", doctor.Output);
        Assert.Matches(@"(?m)^note\s+conntrack\s+0 of \d+ entries", doctor.Output);

        string[] check = ["check", "--engine", "raw", "--source", "10.30.0.7", "--timeout", "5s", .. Enumerable.Range(0, 20).Select(number => $"{CheckNetwork.Alive(number)}:{CheckedListener.Port}")];
        Assert.Equal(0, _lab.Run(_net.Client, ProbeInside.Limit, ProbeInside.Program, check).Status);
        Assert.Equal(20, Entries());

        // As a user would: pasted into a shell.
        var rule = Rule().Match(doctor.Output);
        Assert.True(rule.Success, doctor.Output);
        _lab.Run(_net.Client, ProbeInside.Limit, "sh", "-c", rule.Value).MustSucceed();
        check[^1] = $"{CheckNetwork.Alive(99)}:{CheckedListener.Port}";
        Assert.Equal(0, _lab.Run(_net.Client, ProbeInside.Limit, ProbeInside.Program, check).Status);
        Assert.Equal(20, Entries());
    }

    private long Entries() =>
        KernelLab.In(_net.Client, () => long.Parse(File.ReadAllText("/proc/sys/net/netfilter/nf_conntrack_count"), CultureInfo.InvariantCulture));

    [GeneratedRegex("nft 'table .*'$", RegexOptions.Multiline, 1000)]
    private static partial Regex Rule();
}
