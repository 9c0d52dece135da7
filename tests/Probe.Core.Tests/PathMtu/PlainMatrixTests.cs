using Probe.Core.PathMtu;
using Probe.Core.Probing;
using Probe.Lab.Simulation;
using Xunit.Abstractions;

namespace Probe.Core.Tests.PathMtu;

/// <summary>The acceptance matrix on plain paths.</summary>
public sealed class PlainMatrixTests(ITestOutputHelper output)
{
    private const int Runs = 300;

    private static readonly Dictionary<string, Func<Random, MatrixCase>> _cells = new(StringComparer.Ordinal)
    {
        ["clear"] = random => Case(random, 1500, PlainNetworks.Honest, PathMtuVerdict.Clear),
        ["signalled"] = random => Case(random, PlainNetworks.Size(random), PlainNetworks.Honest, PathMtuVerdict.Signalled),
        ["silent"] = random => Case(random, PlainNetworks.Size(random), PlainNetworks.Silent, PathMtuVerdict.BlackHole),
        ["field 0"] = random => Case(random, PlainNetworks.Size(random), PlainNetworks.Lie(0), PathMtuVerdict.WrongSignal),
        ["field 68"] = random => Case(random, PlainNetworks.Size(random), PlainNetworks.Lie(68), PathMtuVerdict.WrongSignal),
        ["field 9000"] = random => Case(random, PlainNetworks.Size(random), PlainNetworks.Lie(9000), PathMtuVerdict.WrongSignal),
        ["clear, 10 % loss"] = random => Case(random, 1500, PlainNetworks.Honest, PathMtuVerdict.Clear, 0.1),
        ["signalled, 10 % loss"] = random => Case(random, PlainNetworks.Size(random), PlainNetworks.Honest, PathMtuVerdict.Signalled, 0.1),
        ["silent, 10 % loss"] = random => Case(random, PlainNetworks.Size(random), PlainNetworks.Silent, PathMtuVerdict.BlackHole, 0.1),
        ["field 0, 10 % loss"] = random => Case(random, PlainNetworks.Size(random), PlainNetworks.Lie(0), PathMtuVerdict.WrongSignal, 0.1),
    };

    public static TheoryData<string> Cells => [.. _cells.Keys];

    [Theory]
    [MemberData(nameof(Cells))]
    public void Verdict_and_size_are_right(string cell)
    {
        var count = new MatrixCell("plain, " + cell, _cells[cell]).Run(Runs, Seed.Value);
        output.WriteLine(count.ToString());
        output.WriteLine(count.Failures);
        Assert.True(count.Share >= (cell.Contains("loss", StringComparison.Ordinal) ? 0.95 : 0.99), count + Environment.NewLine + count.Failures);
        Assert.True(count.ProvedWrong == 0, count + Environment.NewLine + count.Failures);
    }

    private static MatrixCase Case(Random random, int mtu, TooBigPolicy policy, PathMtuVerdict verdict, double loss = 0)
    {
        var topology = PlainNetworks.Line(random, mtu, policy, loss);
        var segment = random.Next(2) == 0 ? TcpSegmentKind.Syn : TcpSegmentKind.Syn;
        return new MatrixCase { Topology = topology, Mtu = mtu, Verdict = verdict, Change = options => options with { Segment = segment } };
    }
}
