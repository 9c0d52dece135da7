using System.Net.Sockets;
using System.Net;
using Probe.Core.Capture;
using Probe.Core.Health;
using Probe.Core.Vocabulary;
using Probe.Core.Linux;
using Probe.Core.Packets;
using Probe.Lab.Instruments;
using Probe.Lab.Networks;

namespace Probe.Core.Tests.Health;

/// <summary>What checks by raw SYNs do to the wire, to the server and to their own host, and what they make of every kind of answer.</summary>
public sealed class RawEngineTests(CheckFixture fixture) : IClassFixture<CheckFixture>
{
    private static readonly TimeSpan s_short = TimeSpan.FromMilliseconds(300);
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
        var outcome = fixture.Check(CheckEngineKind.Raw, CheckNetwork.Target(7, CheckNetwork.Alive(0, v6), s_timeout));
        Assert.Equal((CheckEnd.Answered, 0, 7, 1), (outcome.End, outcome.Errno, outcome.Target, outcome.Attempt));
        Assert.InRange(outcome.RttNs, 1, s_timeout.Ticks * 100);
        Assert.Equal((outcome.RttNs, null), (outcome.ConnectNs, outcome.FailedIn));

        // Long enough for a SYN-ACK sent again.
        var end = Environment.TickCount64 + 1_300;
        while (Environment.TickCount64 < end)
        {
            capture.Read(100_000_000, flags);
        }

        Assert.Equal(["> Syn", "< Syn, Ack", "> Rst"], flags.Seen);
        Assert.Equal(0, listener.Accepted);
    }

    [NeedsTheory(Need.Namespaces)]
    [InlineData(false)]
    [InlineData(true)]
    public void A_hundred_thousand_checks_reach_no_application(bool stamped)
    {
        using var listener = new CheckedListener(Server);
        fixture.InClientRaw(new(new()) { InFlight = 1000, TransmitStamps = stamped }, engine =>
        {
            var load = new CheckLoad(engine, CheckNetwork.Targets(10_000, s_timeout));
            load.Run(1000, 100_000, TimeSpan.FromSeconds(120));
            Assert.Equal((100_000, 100_000, 0), (load.Over, load.Count(CheckEnd.Answered), load.Escaped));
        });
        Assert.Equal(0, listener.Accepted);
    }

    [NeedsFact(Need.Namespaces)]
    public void A_stopped_checker_blames_nobody_and_lets_no_connection_through()
    {
        using var listener = new CheckedListener(Server);
        using var process = fixture.Lab.Start(Client, "dotnet", typeof(RawEngineTests).Assembly.Location, CheckLoadProgram.Name, "1000", "3", "raw");
        process.WaitFor("running", TimeSpan.FromSeconds(30));
        for (var stop = 0; stop < 3; stop++)
        {
            Thread.Sleep(300);
            process.Signal("STOP");
            Thread.Sleep(300);
            process.Signal("CONT");
        }

        var said = CheckFixture.Said(process);
        Assert.True(said["answered"] > 5000, $"{said["answered"]} answered");
        Assert.Equal((said["started"], said["over"]), (said["over"], said["answered"] + said["late"]));
        Assert.InRange(said["late"], 0, said["over"] / 100);
        Assert.Equal((0, 0), (said["escaped"], listener.Accepted));
    }

    [NeedsFact(Need.Namespaces)]
    public void Fifteen_thousand_at_once_and_again_on_each_answer_are_no_reason_to_call_anybody_down()
    {
        using var listener = new CheckedListener(Server, stalled: true);
        fixture.InClientRaw(new(new()) { InFlight = 15_000 }, engine =>
        {
            var load = new CheckLoad(engine, CheckNetwork.Targets(15_000, TimeSpan.FromMilliseconds(200)));
            load.Run(15_000, long.MaxValue / 2, TimeSpan.FromSeconds(5));
            Assert.True(load.Over > 15_000, $"{load.Over} checks");
            Assert.Equal((load.Started, load.Over), (load.Over, load.Count(CheckEnd.Answered) + load.Count(CheckEnd.Late)));
            Assert.InRange(load.Count(CheckEnd.Late), 0, load.Over / 100);
        });
        Assert.Equal(0, listener.Accepted);
    }

    [NeedsTheory(Need.Namespaces)]
    [InlineData(5)]
    [InlineData(20)]
    public void No_black_hole_is_ever_up(int timeoutMs)
    {
        using var listener = new CheckedListener(Server);
        fixture.InClientRaw(new(new()) { InFlight = 2000 }, engine =>
        {
            var load = new CheckLoad(engine, CheckNetwork.Targets(10_000, TimeSpan.FromMilliseconds(timeoutMs), halfBlackHoled: true));
            load.Run(2000, 250_000, TimeSpan.FromSeconds(120));
            Assert.Equal((250_000, 0), (load.Over, load.Count(CheckEnd.Answered, target => target.Index % 2 == 1)));
            var dead = load.Count(CheckEnd.TimedOut, target => target.Index % 2 == 1) + load.Count(CheckEnd.Late, target => target.Index % 2 == 1);
            Assert.Equal(125_000, dead);
            Assert.True(load.Count(CheckEnd.Answered) > 120_000, $"{load.Count(CheckEnd.Answered)} answered");
        });
    }

    [NeedsFact(Need.Namespaces)]
    public void An_answer_counts_from_when_it_came_not_from_when_it_was_read()
    {
        var timeout = TimeSpan.FromMilliseconds(200);
        using var listener = new CheckedListener(Server);
        fixture.InClientRaw(new(new()) { InFlight = 2 }, engine =>
        {
            var ends = new Dictionary<int, CheckEnd>();
            var load = new CheckLoad(engine, CheckNetwork.Targets(2, timeout, halfBlackHoled: true)) { Seen = outcome => ends[outcome.Target] = outcome.End };
            Assert.True(engine.TryStart(CheckNetwork.Target(0, CheckNetwork.Alive(0), timeout), 1));
            Assert.True(engine.TryStart(CheckNetwork.Target(1, CheckNetwork.BlackHole(1), timeout), 1));

            // The first wait sends; nobody looks when the answers come.
            engine.Poll(0, load);
            Thread.Sleep(500);
            while (engine.InFlight > 0)
            {
                engine.Poll(long.MaxValue, load);
            }

            Assert.Equal((CheckEnd.Answered, CheckEnd.TimedOut), (ends[0], ends[1]));
        });
    }

    [NeedsFact(Need.Namespaces)]
    public void A_route_that_goes_while_the_engine_runs_is_said_at_once()
    {
        using var listener = new CheckedListener(Server);
        using var engine = KernelLab.In(Client, () => RawEngine.Open(new(new()) { InFlight = 1 }));
        var target = CheckNetwork.Target(0, CheckNetwork.Alive(0), s_timeout);
        Assert.Equal(CheckEnd.Answered, fixture.Check(engine, target).End);
        using (CheckFixture.Ip(Client, ["route del default"], ["route add default via 10.30.0.2"]))
        {
            AssertLocal(Errno.ENETUNREACH, fixture.Check(engine, target));
        }

        Assert.Equal(CheckEnd.Answered, fixture.Check(engine, target).End);
    }

    [NeedsFact(Need.Namespaces)]
    public void A_check_allocates_nothing()
    {
        CheckTarget[] targets =
        [
            CheckNetwork.Target(0, CheckNetwork.Alive(0), s_timeout), CheckNetwork.Target(1, CheckNetwork.Alive(1), s_timeout, port: 81),
            CheckNetwork.Target(2, CheckNetwork.BlackHole(2), TimeSpan.FromMilliseconds(2)), CheckNetwork.Target(3, CheckNetwork.Alive(3, v6: true), s_timeout),
            CheckNetwork.Target(4, IpAddress.Parse("255.255.255.255"), s_timeout),
        ];
        using var listener = new CheckedListener(Server);
        fixture.InClientRaw(new(new()) { InFlight = 50 }, engine =>
        {
            var load = new CheckLoad(engine, targets);
            load.Run(50, 3_000, TimeSpan.FromSeconds(60));
            var before = GC.GetAllocatedBytesForCurrentThread();
            load.Run(50, 10_000, TimeSpan.FromSeconds(60));
            Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
            Assert.Equal((13_000, 2_600, 2_600), (load.Over, load.Count(CheckEnd.Refused), load.Count(CheckEnd.Failed)));
        });
    }

    [NeedsFact(Need.Namespaces)]
    public void Its_ports_are_never_those_of_the_host_s_own_connections()
    {
        using var listener = new CheckedListener(Server);
        var flags = new FlagCollector();
        var range = KernelLab.In(Client, () => File.ReadAllText("/proc/sys/net/ipv4/ip_local_port_range"));
        KernelLab.Sysctl(Client, ("net.ipv4.ip_local_port_range", "50000 50059"));
        try
        {
            using var capture = KernelLab.In(Client, () => new PacketCapture(CaptureFilter.All, "east", keep: 64));
            fixture.InClientRaw(new(new()) { InFlight = 64 }, engine =>
            {
                var load = new CheckLoad(engine, CheckNetwork.Targets(64, s_timeout));
                load.Run(64, 1_000, TimeSpan.FromSeconds(60));
                capture.Read(0, flags);
                Assert.NotEmpty(flags.Ports);

                // Every port that the host has left, taken by connections of its own to a target of ours.
                var own = new List<Socket>();
                try
                {
                    var code = SocketError.Success;
                    while (code == SocketError.Success)
                    {
                        own.Add(new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
                        code = Connect(own[^1]);
                    }

                    Assert.Equal(SocketError.AddressNotAvailable, code);
                    own.RemoveAt(own.Count - 1);
                    Assert.True(own.Count > 10, $"{own.Count} connections");
                    Assert.DoesNotContain(own, socket => flags.Ports.Contains(((IPEndPoint)socket.LocalEndPoint!).Port));
                    load.Run(64, 1_000, TimeSpan.FromSeconds(60));
                    Assert.Equal(2_000, load.Count(CheckEnd.Answered));

                    // Closed by the server in good order; a reset of ours would be an error here.
                    Assert.All(own, socket => Assert.Equal(0, socket.Receive(new byte[1])));
                }
                finally
                {
                    own.ForEach(socket => socket.Dispose());
                }
            });
        }
        finally
        {
            KernelLab.Sysctl(Client, ("net.ipv4.ip_local_port_range", range.Trim()));
        }
    }

    private static SocketError Connect(Socket socket)
    {
        try
        {
            socket.Connect(CheckNetwork.Alive(0).ToIPAddress(), CheckedListener.Port);
            return SocketError.Success;
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode;
        }
    }

    private static void AssertLocal(int errno, CheckOutcome outcome)
    {
        Assert.Equal((CheckEnd.Failed, errno, true), (outcome.End, outcome.Errno, outcome.Synchronous));
        Assert.Equal((-1, CheckPhase.Connect), (outcome.RttNs, outcome.FailedIn));
    }
}
