using System.Globalization;
using Probe.Bench.Health;
using Probe.Bench;
using Probe.Lab.Networks;

const int Rounds = 11;
const int HealthRounds = 9;

switch (args)
{
    case ["trace", var root]:
        return TraceBench.Run(root, Rounds);
    case ["trace", var root, "--rounds", var rounds]:
        return TraceBench.Run(root, int.Parse(rounds, CultureInfo.InvariantCulture));
    case ["health", var root]:
        return HealthBench.Run(root, HealthRounds);
    case ["health", var root, "--rounds", var rounds]:
        return HealthBench.Run(root, int.Parse(rounds, CultureInfo.InvariantCulture));
    case ["health", var root, "--nightly"]:
        return HealthBench.RunNightly(root);
    case ["health", var root, "--paced", var rounds]:
        return HealthBench.RunPaced(root, int.Parse(rounds, CultureInfo.InvariantCulture));
    case [EngineLoad.Name, .. var load]:
        return EngineLoad.Run(load);
    case ["ecmp", var root, var rounds]:
        return TraceBench.RunPaths(root, int.Parse(rounds, CultureInfo.InvariantCulture));
    case ["many", var root, var rounds]:
        return TraceBench.RunMany(root, int.Parse(rounds, CultureInfo.InvariantCulture));
    case ["tcp", var root, var runs]:
        return TcpBench.Run(root, int.Parse(runs, CultureInfo.InvariantCulture));
    case ["mtu", var root, var rounds]:
        return TraceBench.RunMtu(root, int.Parse(rounds, CultureInfo.InvariantCulture));
    case ["compare", var root, var before, var rounds]:
        return CompareBench.Run(root, before, int.Parse(rounds, CultureInfo.InvariantCulture));
    case ["captures", var count]:
        return CaptureBench.Run(int.Parse(count, CultureInfo.InvariantCulture));
    case ["inside", var router, var root, var rounds]:
        return Contest.Run(router, root, int.Parse(rounds, CultureInfo.InvariantCulture));
    case ["line", var hops, .. var command] when command.Length > 0:
        // For trying things out: a command in the client of a line.
        using (var lab = new KernelLab())
        {
            var line = LinuxLine.Build(lab, int.Parse(hops, CultureInfo.InvariantCulture));
            var result = lab.Run(line.Client, TimeSpan.FromMinutes(5), command[0], command[1..]);
            Console.Out.Write(result.Output);
            Console.Error.Write(result.Error);
            return result.Status;
        }

    case ["diamond", var lengths, var limits, .. var command] when command.Length > 0:
        // The same in the client of a diamond: 1,1,1,1 for four branches of one router each; limits off or stock.
        using (var lab = new KernelLab())
        {
            var shape = new DiamondShape([.. lengths.Split(',').Select(length => int.Parse(length, CultureInfo.InvariantCulture))])
            {
                HasEntry = true,
                MergesInOneAddress = true,
                Limits = Enum.Parse<IcmpLimits>(limits, ignoreCase: true),
            };
            var diamond = LinuxDiamond.Build(lab, seed: 7, shape);
            var result = lab.Run(diamond.Client, TimeSpan.FromMinutes(8), command[0], command[1..]);
            Console.Out.Write(result.Output);
            Console.Error.Write(result.Error);
            return result.Status;
        }

    default:
        Console.Error.WriteLine("bench: trace ROOT [--rounds N] | ecmp ROOT ROUNDS | many ROOT ROUNDS | mtu ROOT ROUNDS | tcp ROOT RUNS | captures COUNT | compare ROOT PROGRAM ROUNDS | health ROOT [--rounds N|--nightly|--paced N] | line HOPS COMMAND… | diamond LENGTHS LIMITS COMMAND…");
        return 2;
}
