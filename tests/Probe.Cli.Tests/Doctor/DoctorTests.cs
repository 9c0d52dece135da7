using Probe.Core.Evidence;

namespace Probe.Cli.Tests.Doctor;

public class DoctorTests
{
    [NeedsFact(Need.Root | Need.Libpcap)]
    public void Root_with_every_capability_misses_nothing()
    {
        var ended = Child.RunProbe("doctor");

        Assert.True(ended.Status == 0, ended.ToString());
        Assert.Matches(@"(?m)^ok\s+raw-ipv4\s", ended.Output);
        Assert.DoesNotContain("missing", ended.Output, StringComparison.Ordinal);
    }

    [NeedsFact(Need.Root, "setpriv")]
    public void A_plain_user_learns_what_is_missing_and_how_to_fix_it()
    {
        using var copy = new TemporaryFolder();
        var ended = Child.Bash("""
            cp -r "$(dirname "$0")" "$1/app" && chmod -R a+rX "$1" && cd / &&
            exec setpriv --reuid=65534 --regid=65534 --clear-groups "$1/app/probe" doctor
            """, copy.Path);

        Assert.True(ended.Status == 4, ended.ToString());
        Assert.Matches(@"(?m)^missing\s+raw-ipv4\s.*CAP_NET_RAW.*; fix: .*setcap cap_net_raw\+ep /", ended.Output);
        Assert.Matches(@"(?m)^missing\s+netns\s.*CAP_SYS_ADMIN.*; fix: run with sudo", ended.Output);
        Assert.Equal("", ended.Error);
    }

    [Fact]
    public void Json_is_a_document_that_reads_back()
    {
        var ended = Child.RunProbe("doctor", "--json");

        Assert.True(EvidenceJson.TryRead(System.Text.Encoding.UTF8.GetBytes(ended.Output), out var bundle, out var error), error);
        Assert.Equal(["probe", "doctor", "--json"], bundle.Command);
        Assert.Equal(File.ReadAllText("/proc/sys/kernel/osrelease").Trim(), bundle.Host?.Kernel);
        Assert.Equal(new FileInfo("/proc/self/ns/net").LinkTarget, $"net:[{bundle.Host?.NetworkNamespace}]");
        Assert.Equal(ended.Status == 4, bundle.Gaps is { Count: > 0 });
    }
}
