using System.Net;
using System.Text;
using Probe.Cli.Tests.Names;
using Probe.Core.Evidence;
using Probe.Lab.Networks;

namespace Probe.Cli.Tests.Kernel;

/// <summary><c>--asn</c> in another namespace: the servers of its resolv.conf are asked, from inside it.</summary>
public sealed class AsNumbersInsideTests
{
    [NeedsTheory(Need.Namespaces)]
    [InlineData("--netns")]
    [InlineData("ip netns exec")]
    public void The_name_servers_of_the_namespace_are_asked_from_inside_it(string way)
    {
        using var lab = new KernelLab();
        var netns = lab.AddNamespaces(1)[0];
        KernelLab.Ip([$"-n {netns} address add 9.9.9.9/32 dev lo"]);
        using var files = NamespaceFiles.Write(netns, "nameserver 127.0.0.53\n", "127.0.0.1 localhost\n");

        // Outside, that address is another host's.
        using var server = new FakeNameServer(new IPEndPoint(IPAddress.Parse("127.0.0.53"), 53), netns);
        server.Texts["9.9.9.9.origin.asn.cymru.com"] = ["64500 | 9.9.9.0/24 | ZZ | none | 2026-01-01"];
        server.Texts["AS64500.asn.cymru.com"] = ["64500 | ZZ | none | 2026-01-01 | \e[31mINSIDE\a", new string('x', 2000)];

        string[] arguments = ["trace", "-n", "-c", "1", "--json", "--asn", "9.9.9.9"];
        var (status, output, error) = (0, "", "");
        NodeEvidence? node = null;

        // A busy machine may not get an answer within the two seconds of the command; who asks elsewhere never gets one.
        for (var tries = 0; tries < 10 && node?.AsName is null; tries++)
        {
            (status, output, error) = way.StartsWith("ip", StringComparison.Ordinal)
                ? Parts(lab.Run(netns, ProbeInside.Limit, ProbeInside.Program, arguments))
                : Parts(Child.RunProbe([.. arguments, "--netns", netns]));
            Assert.True(EvidenceJson.TryRead(Encoding.UTF8.GetBytes(output), out var bundle, out var fault), fault + error);
            node = Assert.Single(Assert.Single(Assert.Single(bundle.Traces!).Hops).Nodes);
        }

        Assert.True(status == 0, output + error);
        Assert.Equal(64500u, node!.Asn);
        Assert.Contains("INSIDE", node.AsName, StringComparison.Ordinal);
        Assert.Equal(["9.9.9.9.origin.asn.cymru.com", "AS64500.asn.cymru.com", "tcp:AS64500.asn.cymru.com"], server.Asked.Distinct());

        // A stranger's text is never octets that a terminal obeys.
        Assert.DoesNotContain(output, octet => octet is '\e' or '\a');
    }

    private static (int Status, string Output, string Error) Parts(LabResult result) => (result.Status, result.Output, result.Error);

    private static (int Status, string Output, string Error) Parts(Ended ended) => (ended.Status, ended.Output, ended.Error);
}
