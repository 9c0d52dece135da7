using System.Diagnostics;
using System.Net.Sockets;
using Probe.Cli.Parsing;
using Probe.Core.Packets;

namespace Probe.Cli.Names;

/// <summary>What a resolver said about one name.</summary>
/// <param name="Address">The address; none where it did not resolve.</param>
/// <param name="Failure">Why not; null where it did.</param>
/// <param name="TookNs">How long it took, nanoseconds.</param>
internal readonly record struct NameAnswer(IpAddress Address, SocketError? Failure, long TookNs)
{
    /// <summary>Nobody answered, which is no fault of the name.</summary>
    public bool NoResolver => Failure is not (null or SocketError.HostNotFound or SocketError.NoData);
}

/// <summary>Resolves many names, a few at a time: a resolver that is silent takes ten seconds for each.</summary>
internal static class ManyNames
{
    private const int MostThreads = 32;
    private static readonly TimeSpan Turn = TimeSpan.FromMilliseconds(50);

    /// <summary>Asks for each name once. A name without an entry was not answered in time.</summary>
    /// <param name="names">The names, doubled ones too.</param>
    /// <param name="family">IP version.</param>
    /// <param name="longest">How long to wait; null for as long as it takes.</param>
    /// <param name="progress">Takes how many are left, now and then.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public static IReadOnlyDictionary<string, NameAnswer> Resolve(
        IEnumerable<TargetName> names, Family family, TimeSpan? longest, Action<int> progress, CancellationToken cancellation)
    {
        var questions = new Queue<TargetName>(names.DistinctBy(name => name.Text, StringComparer.Ordinal));
        var answers = new Dictionary<string, NameAnswer>(StringComparer.Ordinal);
        var left = questions.Count;
        for (var i = Math.Min(MostThreads, left); i > 0; i--)
        {
            new Thread(Answer) { IsBackground = true, Name = "resolver" }.Start();
        }

        var begun = Stopwatch.GetTimestamp();
        lock (answers)
        {
            while (left > 0 && !cancellation.IsCancellationRequested && !(Stopwatch.GetElapsedTime(begun) > longest))
            {
                progress(left);
                Monitor.Wait(answers, Turn);
            }

            questions.Clear();
            return new Dictionary<string, NameAnswer>(answers, StringComparer.Ordinal);
        }

        void Answer()
        {
            while (true)
            {
                TargetName? name;
                lock (answers)
                {
                    if (!questions.TryDequeue(out name))
                    {
                        return;
                    }
                }

                var asked = Stopwatch.GetTimestamp();
                var (address, failure) = TargetResolver.Ask(name, family);
                lock (answers)
                {
                    answers[name.Text] = new NameAnswer(address, failure, Stopwatch.GetElapsedTime(asked).Ticks * 100);
                    left--;
                    Monitor.Pulse(answers);
                }
            }
        }
    }
}
