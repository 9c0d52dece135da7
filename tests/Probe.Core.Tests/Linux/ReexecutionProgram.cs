using System.Net;
using Probe.Core.Linux.Namespaces;
using Probe.Core.Linux;
using Probe.Core.Tests.Health;

namespace Probe.Core.Tests.Linux;

/// <summary>
/// The tests as a program. One word leads to <see cref="CheckLoadProgram"/>; else it is what a test starts to see a process enter a namespace: <c>dotnet Probe.Core.Tests.dll NAME [more…]</c> enters it, gets every kind of
/// runtime thread going, and prints each thread's namespace, the arguments and the resolver's file.
/// </summary>
internal static class ReexecutionProgram
{
    private static int Main(string[] arguments)
    {
        if (arguments is [CheckLoadProgram.Name, .. var rest])
        {
            return CheckLoadProgram.Run(rest);
        }

        if (arguments.Length == 0)
        {
            return 2;
        }

        if (!NetworkNamespaceName.TryParse(arguments[0], out var name, out var error))
        {
            Console.Error.WriteLine(error);
            return 2;
        }

        try
        {
            NamespaceReexecution.Enter(name);
        }
        catch (LinuxException exception)
        {
            Console.Error.WriteLine(exception.Message);
            return 3;
        }

        using var timer = new Timer(_ => { }, null, 0, 5);
        Task.Run(() => Dns.GetHostAddresses("localhost")).Wait();
        Thread.Sleep(50);
        foreach (var task in Directory.EnumerateDirectories("/proc/self/task"))
        {
            Console.WriteLine($"thread {File.ReadAllText(task + "/comm").Trim()} {new FileInfo(task + "/ns/net").LinkTarget}");
        }

        Console.WriteLine("arguments " + string.Join('|', arguments));
        Console.WriteLine("marker " + (Environment.GetEnvironmentVariable("PROBE_NETNS") ?? "none"));
        Console.WriteLine("resolver " + File.ReadAllText("/etc/resolv.conf").Split('\n')[0]);
        return 0;
    }
}
