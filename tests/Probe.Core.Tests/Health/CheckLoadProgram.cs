using System.Globalization;
using Probe.Core.Health;
using Probe.Lab.Instruments;
using Probe.Lab.Networks;

namespace Probe.Core.Tests.Health;

/// <summary>
/// A checker as a process of its own, for what cannot be done to the process of the tests: stopping it, taking its descriptors.
/// <c>check-load IN-FLIGHT SECONDS [hog] [raw]</c> checks healthy targets in this namespace and prints what came out.
/// </summary>
internal static class CheckLoadProgram
{
    public const string Name = "check-load";

    public static int Run(string[] arguments)
    {
        var inFlight = int.Parse(arguments[0], CultureInfo.InvariantCulture);
        var limit = TimeSpan.FromSeconds(double.Parse(arguments[1], CultureInfo.InvariantCulture));
        using ICheckEngine engine = arguments.Contains("raw") ? RawEngine.Open(new(new()) { InFlight = inFlight }) : new SocketEngine(new(new()) { InFlight = inFlight });
        var load = new CheckLoad(engine, CheckNetwork.Targets(1000, TimeSpan.FromMilliseconds(200)));
        var hogs = arguments.Contains("hog") ? Hog(leave: 20) : [];
        Console.WriteLine("running");
        load.Run(inFlight, long.MaxValue / 2, limit);
        hogs.ForEach(hog => hog.Dispose());
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"started={load.Started} over={load.Over} answered={load.Count(CheckEnd.Answered)} late={load.Count(CheckEnd.Late)} escaped={load.Escaped} held={(engine as SocketEngine)?.LongestHoldUpNs ?? 0} capacity={engine.Capacity}"));
        return 0;
    }

    /// <summary>Takes every descriptor but a few.</summary>
    private static List<FileStream> Hog(int leave)
    {
        var hogs = new List<FileStream>();
        try
        {
            while (true)
            {
                hogs.Add(new FileStream("/dev/null", FileMode.Open, FileAccess.Read));
            }
        }
        catch (IOException)
        {
            // No descriptor is left.
            hogs[^leave..].ForEach(hog => hog.Dispose());
            hogs.RemoveRange(hogs.Count - leave, leave);
            return hogs;
        }
    }
}
