using System.Runtime.ExceptionServices;
using Probe.Core.Linux.Files;
using static Probe.Core.Linux.FileConstants;

namespace Probe.Core.Linux.Namespaces;

/// <summary>
/// Opens sockets in another network namespace while the process stays in its own. A socket belongs to the namespace it was made in
/// and works from every thread afterwards.
/// </summary>
internal static class NamespaceThread
{
    /// <summary>
    /// Runs <paramref name="work"/> on a thread of its own inside a network namespace and waits for it. The work makes system calls and
    /// nothing else: a Task, Timer, Dns, Console or Process call would start runtime threads that stay in that namespace for good.
    /// </summary>
    /// <param name="path">The namespace's file: <c>/run/netns/NAME</c> or <c>/proc/PID/ns/net</c>.</param>
    /// <param name="work">What to do there.</param>
    public static T Run<T>(string path, Func<T> work)
    {
        T result = default!;
        ExceptionDispatchInfo? failure = null;
        using var target = FileCalls.Open(path, O_RDONLY);
        var thread = new Thread(() =>
        {
            try
            {
                ProcessCalls.EnterNetworkNamespace(target, path);
                result = work();
            }
#pragma warning disable CA1031 // Whatever it is, it is thrown again on the caller's thread.
            catch (Exception exception)
#pragma warning restore CA1031
            {
                failure = ExceptionDispatchInfo.Capture(exception);
            }
        });
        thread.Start();
        thread.Join();
        failure?.Throw();
        return result;
    }

    /// <summary>Runs work that returns nothing.</summary>
    public static void Run(string path, Action work) => Run(path, () =>
    {
        work();
        return true;
    });
}
