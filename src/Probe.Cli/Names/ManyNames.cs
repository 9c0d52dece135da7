using System.Diagnostics;
using System.Net.Sockets;
using Probe.Cli.Parsing;
using Probe.Core.Packets;

namespace Probe.Cli.Names;

/// <summary>What a resolver said about one name.</summary>
/// <param name="Name">The name.</param>
/// <param name="Address">The address; none where it did not resolve.</param>
/// <param name="Failure">Why not; null where it did.</param>
/// <param name="TookNs">How long it took, nanoseconds.</param>
internal readonly record struct NameAnswer(string Name, IpAddress Address, SocketError? Failure, long TookNs)
{
    /// <summary>Nobody answered, which is no fault of the name.</summary>
    public bool NoResolver => Failure is not (null or SocketError.HostNotFound or SocketError.NoData);
}

/// <summary>Asks a resolver for one name; blocks for as long as it does.</summary>
internal delegate (IpAddress Address, SocketError? Failure) NameQuestion(TargetName name, Family family);

/// <summary>Resolves many names in the background, each once, while other things go on.</summary>
internal sealed class ManyNames : IDisposable
{
    private static readonly TimeSpan Turn = TimeSpan.FromMilliseconds(50);

    private readonly List<TargetName> _names;
    private readonly Family _family;
    private readonly NameQuestion _ask;
    private readonly AutoResetEvent _woken = new(initialState: false);
    private readonly WorkAhead<NameAnswer>? _answers;
    private volatile Action? _wake;

    /// <summary>Begins to ask.</summary>
    /// <param name="names">The names, doubled ones too.</param>
    /// <param name="family">IP version.</param>
    /// <param name="ask">Whom to ask.</param>
    public ManyNames(IEnumerable<TargetName> names, Family family, NameQuestion ask)
    {
        (_names, _family, _ask) = ([.. names.DistinctBy(name => name.Text, StringComparer.Ordinal)], family, ask);
        Left = _names.Count;
        _answers = Left == 0 ? null : new WorkAhead<NameAnswer>(Left, inOrder: false, TryAnswer, Wake);
    }

    /// <summary>Names whose answer was not taken.</summary>
    public int Left { get; private set; }

    /// <summary>From now on this is called, on any thread, when an answer comes after none was there.</summary>
    public void WakeBy(Action wake) => _wake = wake;

    /// <summary>The next answer that is there, without waiting.</summary>
    public bool TryTake(out NameAnswer answer)
    {
        answer = default;
        var taken = _answers is not null && _answers.TryTake(out answer);
        Left -= taken ? 1 : 0;
        return taken;
    }

    /// <summary>Waits for an answer, a moment at the longest.</summary>
    public void Wait(CancellationToken cancellation) => WaitHandle.WaitAny([_woken, cancellation.WaitHandle], Turn);

    /// <inheritdoc/>
    public void Dispose() => _answers?.Dispose();

    private void Wake()
    {
        _woken.Set();
        _wake?.Invoke();
    }

    private bool TryAnswer(int index, CancellationToken stop, out NameAnswer answer)
    {
        var asked = Stopwatch.GetTimestamp();
        var (address, failure) = Ask(_names[index]);
        answer = new NameAnswer(_names[index].Text, address, failure, Stopwatch.GetElapsedTime(asked).Ticks * 100);
        return true;
    }

    private (IpAddress Address, SocketError? Failure) Ask(TargetName name)
    {
        try
        {
            return _ask(name, _family);
        }
        catch (UserError)
        {
            // Letters that no name may have: among others that do resolve it is one that does not.
            return (default, SocketError.HostNotFound);
        }
    }
}
