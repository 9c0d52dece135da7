using Probe.Core.Capture;
using Probe.Core.Health;
using Probe.Core.Packets;
using Probe.Core.Vocabulary;
using Probe.Lab.Instruments;
using Probe.Lab.Networks;

namespace Probe.Core.Tests.Health;

/// <summary>What the engine does to the wire, to the server and to its own host.</summary>
public sealed class SocketEngineTests(CheckFixture fixture) : IClassFixture<CheckFixture>
{
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(5);

    private string Client => fixture.Network.Client;

    private string Server => fixture.Network.Server;

    [NeedsTheory(Need.Namespaces)]
    [InlineData(false)]
    [InlineData(true)]
    public void The_wire_sees_SYN_SYN_ACK_RST_and_nothing_else(bool v6)
    {
        using var listener = new CheckedListener(Server);
        var flags = new FlagCollector();
        using var capture = KernelLab.In(Client, () => new PacketCapture(CaptureFilter.All, "east"));
        Assert.Equal(CheckEnd.Answered, fixture.Check(CheckNetwork.Target(0, CheckNetwork.Alive(0, v6), s_timeout)).End);

        // Long enough for a delayed ACK, a FIN or a SYN-ACK sent again.
        var end = Environment.TickCount64 + 1_300;
        while (Environment.TickCount64 < end)
        {
            capture.Read(100_000_000, flags);
        }

        Assert.Equal(["> Syn", "< Syn, Ack", "> Rst, Ack"], flags.Seen);
        Assert.Equal(0, listener.Accepted);
    }

    [NeedsFact(Need.Namespaces)]
    public void A_hundred_thousand_checks_reach_no_application()
    {
        using var listener = new CheckedListener(Server);
        fixture.InClient(new(new()) { InFlight = 1000 }, engine =>
        {
            var load = new CheckLoad(engine, CheckNetwork.Targets(10_000, s_timeout));
            load.Run(1000, 100_000, TimeSpan.FromSeconds(120));
            Assert.Equal((100_000, 100_000), (load.Over, load.Count(CheckEnd.Answered)));
            AssertUnseen(listener, load.Escaped, engine.LongestHoldUpNs);
        });
    }

    [NeedsFact(Need.Namespaces)]
    public void Fifteen_thousand_at_once_and_again_on_each_answer_are_no_reason_to_call_anybody_down()
    {
        using var listener = new CheckedListener(Server, stalled: true);
        fixture.InClient(new(new()) { InFlight = 15_000 }, engine =>
        {
            Assert.Equal(15_000, engine.Capacity);
            var load = new CheckLoad(engine, CheckNetwork.Targets(15_000, TimeSpan.FromMilliseconds(200)));
            load.Run(15_000, long.MaxValue / 2, TimeSpan.FromSeconds(10));
            Assert.True(load.Over > 15_000, $"{load.Over} checks");
            Assert.Equal(load.Started, load.Over);
            Assert.Equal(load.Over, load.Count(CheckEnd.Answered) + load.Count(CheckEnd.Late));
            Assert.InRange(load.Count(CheckEnd.Late), 0, load.Over / 100);
            AssertUnseen(listener, load.Escaped, engine.LongestHoldUpNs);
        });
    }

    [NeedsTheory(Need.Namespaces)]
    [InlineData(5)]
    [InlineData(20)]
    public void No_black_hole_is_ever_up(int timeoutMs)
    {
        using var listener = new CheckedListener(Server);
        fixture.InClient(new(new()) { InFlight = 2000 }, engine =>
        {
            var load = new CheckLoad(engine, CheckNetwork.Targets(10_000, TimeSpan.FromMilliseconds(timeoutMs), halfBlackHoled: true));
            load.Run(2000, 250_000, TimeSpan.FromSeconds(120));
            Assert.Equal(250_000, load.Over);
            var dead = load.Count(CheckEnd.TimedOut, target => target.Index % 2 == 1) + load.Count(CheckEnd.Late, target => target.Index % 2 == 1);
            Assert.Equal((125_000, 0), (dead, load.Count(CheckEnd.Answered, target => target.Index % 2 == 1)));
            Assert.True(load.Count(CheckEnd.Answered) > 100_000, $"{load.Count(CheckEnd.Answered)} answered");
        });
    }

    [NeedsFact(Need.Namespaces)]
    public void Every_ACK_that_escapes_a_stopped_checker_is_counted_and_nobody_is_blamed()
    {
        using var listener = new CheckedListener(Server);
        using var process = Program("sh", "-c", $"exec dotnet {Assembly} {CheckLoadProgram.Name} 1000 4");
        process.WaitFor("running", TimeSpan.FromSeconds(30));
        for (var stop = 0; stop < 4; stop++)
        {
            Thread.Sleep(300);
            process.Signal("STOP");
            Thread.Sleep(300);
            process.Signal("CONT");
        }

        var said = CheckFixture.Said(process);
        Assert.InRange(said["held"], 250_000_000, long.MaxValue);
        Assert.Equal((said["started"], said["over"]), (said["over"], said["answered"] + said["late"]));
        Assert.True(said["escaped"] > 0, "no ACK escaped: nothing was in flight when the process was stopped");
        Assert.InRange(listener.Accepted, 0, said["escaped"]);
    }

    [NeedsFact(Need.Namespaces)]
    public void A_timeout_during_a_hold_up_is_the_checker_s_own()
    {
        var timeout = TimeSpan.FromMilliseconds(200);
        var holdUp = TimeSpan.FromMilliseconds(300);
        var targets = CheckNetwork.Targets(4, timeout, halfBlackHoled: true);
        using var listener = new CheckedListener(Server);
        var escaped = 0L;
        fixture.InClient(new(new()) { InFlight = 4 }, engine =>
        {
            var ends = new Dictionary<int, CheckOutcome>();
            var load = new CheckLoad(engine, targets)
            {
                Seen = outcome =>
                {
                    ends[outcome.Target] = outcome;
                    if (outcome.Target == 0)
                    {
                        // A slow consumer: target 1's time passes meanwhile, target 2's answer waits.
                        Assert.True(engine.TryStart(targets[2], 1));
                        Thread.Sleep(holdUp);
                    }
                },
            };
            Assert.True(engine.TryStart(targets[1], 1));
            Assert.True(engine.TryStart(targets[0], 1));
            while (engine.InFlight > 0)
            {
                engine.Poll(long.MaxValue, load);
            }

            Assert.Equal((CheckEnd.Late, CheckEnd.Answered), (ends[1].End, ends[2].End));
            Assert.True(ends[2].AckEscaped);

            // The answer's own time, not that of the consumer.
            Assert.InRange(ends[2].RttNs, 1, holdUp.Ticks * 100 - 1);
            escaped = load.Escaped;

            // Afterwards silence is silence again, unless a busy machine holds this thread up once more.
            for (var number = 1; number <= 100 && ends.GetValueOrDefault(3).End != CheckEnd.TimedOut; number++)
            {
                Assert.True(engine.TryStart(targets[3], number));
                while (engine.InFlight > 0)
                {
                    engine.Poll(long.MaxValue, load);
                }
            }

            Assert.Equal(CheckEnd.TimedOut, ends[3].End);
        });
        Assert.True(SpinWait.SpinUntil(() => listener.Accepted > 0, 60_000), "no ACK reached the listener");
        Assert.InRange(listener.Accepted, 1, escaped);
    }

    [NeedsTheory(Need.Namespaces)]
    [InlineData(false)]
    [InlineData(true)]
    public void A_hundred_ports_serve_ten_thousand_checks_of_one_target(bool ownRange)
    {
        using var listener = new CheckedListener(Server);
        var flags = new FlagCollector();
        var options = new SocketEngineOptions(new()) { InFlight = 90, Source = CheckNetwork.ClientAddress(false), Ports = ownRange ? (50_000, 50_099) : null };
        var range = KernelLab.In(Client, () => File.ReadAllText("/proc/sys/net/ipv4/ip_local_port_range"));
        KernelLab.Sysctl(Client, ("net.ipv4.ip_local_port_range", ownRange ? "40000 60000" : "50000 50099"));
        try
        {
            using var capture = KernelLab.In(Client, () => new PacketCapture(CaptureFilter.All, "east", keep: 64));
            fixture.InClient(options, engine =>
            {
                var load = new CheckLoad(engine, CheckNetwork.Targets(1, s_timeout));
                load.Run(90, 10_000, TimeSpan.FromSeconds(60));
                Assert.Equal((10_000, 10_000), (load.Over, load.Count(CheckEnd.Answered)));
            });
            capture.Read(0, flags);
            Assert.NotEmpty(flags.Ports);
            Assert.All(flags.Ports, port => Assert.InRange(port, 50_000, 50_099));
            var sockets = KernelLab.In(Client, () => File.ReadAllLines("/proc/thread-self/net/tcp"));
            Assert.Single(sockets);
        }
        finally
        {
            KernelLab.Sysctl(Client, ("net.ipv4.ip_local_port_range", range.Trim()));
        }
    }

    [NeedsFact(Need.Namespaces)]
    public void A_check_allocates_nothing()
    {
        // 80: open; 81: closed; black holes; and no route at all.
        CheckTarget[] targets =
        [
            CheckNetwork.Target(0, CheckNetwork.Alive(0), s_timeout), CheckNetwork.Target(1, CheckNetwork.Alive(1), s_timeout, port: 81),
            CheckNetwork.Target(2, CheckNetwork.BlackHole(2), TimeSpan.FromMilliseconds(2)), CheckNetwork.Target(3, CheckNetwork.Alive(3, v6: true), s_timeout),
            CheckNetwork.Target(4, IpAddress.Parse("255.255.255.255"), s_timeout), CheckNetwork.Target(5, CheckNetwork.Alive(5), s_timeout, CheckKind.Connect),
        ];
        using var listener = new CheckedListener(Server);
        fixture.InClient(new(new()) { InFlight = 100 }, engine =>
        {
            var load = new CheckLoad(engine, targets);
            load.Run(100, 3_000, TimeSpan.FromSeconds(60));
            var before = GC.GetAllocatedBytesForCurrentThread();
            load.Run(100, 10_000, TimeSpan.FromSeconds(60));
            Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
            Assert.Equal(13_000, load.Over);
        });
    }

    [NeedsTheory(Need.Namespaces)]
    [InlineData("")]
    [InlineData("hog")]
    public void No_check_is_lost_for_want_of_descriptors(string hog)
    {
        using var listener = new CheckedListener(Server);
        using var process = Program("sh", "-c", $"ulimit -n 400; exec dotnet {Assembly} {CheckLoadProgram.Name} 5000 1 {hog}");
        var said = CheckFixture.Said(process);
        Assert.InRange(said["capacity"], 1, 400);
        Assert.Equal((said["started"], said["over"]), (said["over"], said["answered"] + said["late"]));
        Assert.True(said["answered"] > 100, $"{said["answered"]} answered");
    }

    [NeedsFact(Need.Namespaces)]
    public void A_wait_ends_when_told_and_at_its_time()
    {
        using var engine = fixture.Engine(new(new()) { InFlight = 2 });
        var load = new CheckLoad(engine, CheckNetwork.Targets(2, s_timeout, halfBlackHoled: true));
        var begun = engine.NowNs;
        engine.Poll(begun + 20_000_000, load);
        Assert.InRange(engine.NowNs - begun, 20_000_000, 2_000_000_000);

        var thread = new Thread(() =>
        {
            Thread.Sleep(50);
            engine.Wake();
        });
        thread.Start();
        engine.Poll(long.MaxValue, load);
        thread.Join();

        // A wake-up before the wait counts, once.
        engine.Wake();
        fixture.Start(engine, CheckNetwork.Target(1, CheckNetwork.BlackHole(1), s_timeout));
        engine.Poll(long.MaxValue, load);
        Assert.Equal((0, 1), (load.Over, engine.InFlight));
        engine.Poll(engine.NowNs + 1_000_000, load);
        Assert.Equal((0, 1), (load.Over, engine.InFlight));
    }

    [NeedsFact(Need.Namespaces)]
    public void No_more_checks_than_asked_for_are_in_flight() => fixture.InClient(new(new()) { InFlight = 3 }, engine =>
    {
        var targets = CheckNetwork.Targets(2, TimeSpan.FromMilliseconds(50), halfBlackHoled: true);
        Assert.Equal(3, engine.Capacity);
        for (var number = 1; number <= 3; number++)
        {
            Assert.True(engine.TryStart(targets[1], number));
        }

        Assert.False(engine.TryStart(targets[1], 4));
        var load = new CheckLoad(engine, targets);
        while (engine.InFlight > 0)
        {
            engine.Poll(long.MaxValue, load);
        }

        Assert.Equal(3, load.Over);
    });

    private static string Assembly => typeof(SocketEngineTests).Assembly.Location;

    private static void AssertUnseen(CheckedListener listener, long escaped, long heldUpNs)
    {
        Assert.InRange(listener.Accepted, 0, escaped);
        if (heldUpNs < 150_000_000)
        {
            Assert.Equal(0, listener.Accepted);
        }
    }

    private LabProcess Program(params string[] command) => fixture.Lab.Start(Client, command[0], command[1..]);
}
