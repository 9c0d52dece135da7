namespace Probe.Cli.Tests.Kernel;

/// <summary>The files of <c>/etc/netns/NAME</c>, which ip-netns(8) binds over /etc for the programs it runs inside; removed on dispose.</summary>
internal sealed record NamespaceFiles(string Folder) : IDisposable
{
    public static NamespaceFiles Write(string netns, string resolvers, string hosts)
    {
        var folder = Directory.CreateDirectory($"/etc/netns/{netns}").FullName;
        File.WriteAllText(Path.Combine(folder, "resolv.conf"), resolvers);
        File.WriteAllText(Path.Combine(folder, "hosts"), hosts);
        return new NamespaceFiles(folder);
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
