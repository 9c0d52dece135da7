using System.Globalization;
using System.Text.RegularExpressions;
using Probe.Core.Health;
using Probe.Core.Vocabulary;
using Probe.Lab.Networks;

namespace Probe.Core.Tests.Health;

/// <summary>One network for the tests of a class, and short ways to check something in it.</summary>
public sealed partial class CheckFixture : IDisposable
{
    public CheckFixture()
    {
        Network = CheckNetwork.Build(Lab);
    }

    public KernelLab Lab { get; } = new();

    public CheckNetwork Network { get; }

    /// <summary>Runs work with an engine that lives on a thread of its own in the client's namespace.</summary>
    public T InClient<T>(SocketEngineOptions options, Func<SocketEngine, T> work) => KernelLab.In(Network.Client, () =>
    {
        using var engine = new SocketEngine(options);
        return work(engine);
    });

    public void InClient(SocketEngineOptions options, Action<SocketEngine> work) => InClient(options, engine =>
    {
        work(engine);
        return true;
    });

    /// <summary>An engine whose sockets are made in the client's namespace by <see cref="Check(ICheckEngine, CheckTarget)"/>.</summary>
    public SocketEngine Engine(SocketEngineOptions options) => KernelLab.In(Network.Client, () => new SocketEngine(options));

    /// <summary>Runs work with a raw engine on a thread of its own in the client's namespace.</summary>
    public void InClientRaw(RawEngineOptions options, Action<RawEngine> work) => KernelLab.In(Network.Client, () =>
    {
        using var engine = RawEngine.Open(options);
        work(engine);
        return true;
    });

    /// <summary>An engine of either kind in the client's namespace; checks that follow each other leave by one port.</summary>
    public ICheckEngine EngineOf(CheckEngineKind kind) => KernelLab.In<ICheckEngine>(Network.Client, () => kind == CheckEngineKind.Raw
        ? RawEngine.Open(new(new()) { InFlight = 1 })
        : new SocketEngine(new(new()) { InFlight = 1, Ports = (45_000, 45_000) }));

    /// <summary>Checks one target once by an engine of either kind.</summary>
    public CheckOutcome Check(CheckEngineKind kind, CheckTarget target)
    {
        using var engine = KernelLab.In<ICheckEngine>(Network.Client, () => kind == CheckEngineKind.Raw
            ? RawEngine.Open(new(new()) { InFlight = 4 })
            : new SocketEngine(new(new()) { InFlight = 4 }));
        return Check(engine, target);
    }

    /// <summary>Checks one target once.</summary>
    public CheckOutcome Check(CheckTarget target, SocketEngineOptions? options = null)
    {
        using var engine = Engine(options ?? new(new()) { InFlight = 4 });
        return Check(engine, target);
    }

    public CheckOutcome Check(ICheckEngine engine, CheckTarget target)
    {
        Start(engine, target);
        return Outcome(engine);
    }

    /// <summary>Begins a check; the rest is the same from any thread.</summary>
    public void Start(ICheckEngine engine, CheckTarget target) => Assert.True(KernelLab.In(Network.Client, () => engine.TryStart(target, 1)));

    /// <summary>Waits for the one check in flight.</summary>
    public static CheckOutcome Outcome(ICheckEngine engine)
    {
        var sink = new OneOutcome();
        while (sink.Outcome is null)
        {
            engine.Poll(long.MaxValue, sink);
        }

        Assert.Equal(0, engine.InFlight);
        return sink.Outcome.Value;
    }

    /// <summary>Rules in force until disposed.</summary>
    public static IDisposable Rules(string name, string chain)
    {
        KernelLab.Nft(name, $"table inet test {{\n{chain}\n}}");
        return new Undo(() => KernelLab.Nft(name, "delete table inet test"));
    }

    /// <summary>Lines of ip in force until disposed.</summary>
    public static IDisposable Ip(string name, string[] lines, string[] undo)
    {
        KernelLab.Ip(lines.Select(line => $"-n {name} {line}"));
        return new Undo(() => KernelLab.Ip(undo.Select(line => $"-n {name} {line}")));
    }

    /// <summary>What a <see cref="CheckLoadProgram"/> says at its end.</summary>
    public static Dictionary<string, long> Said(LabProcess process) => Fields()
        .Matches(process.Wait(TimeSpan.FromSeconds(60)).MustSucceed().Output)
        .ToDictionary(match => match.Groups["name"].Value, match => long.Parse(match.Groups["value"].Value, CultureInfo.InvariantCulture), StringComparer.Ordinal);

    public void Dispose() => Lab.Dispose();

    [GeneratedRegex(@"(?<name>\w+)=(?<value>\d+)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Fields();

    private sealed class OneOutcome : ICheckSink
    {
        public CheckOutcome? Outcome { get; private set; }

        public void Done(in CheckOutcome outcome)
        {
            Assert.Null(Outcome);
            Outcome = outcome;
        }
    }

    private sealed class Undo(Action action) : IDisposable
    {
        public void Dispose() => action();
    }
}
