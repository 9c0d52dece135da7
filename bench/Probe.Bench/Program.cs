using System.Globalization;
using Probe.Bench;
using Probe.Bench.Health;
using Probe.Lab.Kernel;

const int Rounds = 11;
const int HealthRounds = 9;

switch (args)
{
    case ["trace", var root]:
        return TraceBench.Run(root, Rounds);
    case ["trace", var root, "--rounds", var rounds]:
        return TraceBench.Run(root, int.Parse(rounds, CultureInfo.InvariantCulture));
    case ["health", var root]:
        return HealthBench.Run(root, HealthRounds, nightly: false);
    case ["health", var root, "--rounds", var rounds]:
        return HealthBench.Run(root, int.Parse(rounds, CultureInfo.InvariantCulture), nightly: false);
    case ["health", var root, "--nightly"]:
        return HealthBench.Run(root, HealthRounds, nightly: true);
    case [SocketLoad.Name, .. var load]:
        return SocketLoad.Run(load);
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

    default:
        Console.Error.WriteLine("bench: trace ROOT [--rounds N] | health ROOT [--rounds N|--nightly] | line HOPS COMMAND…");
        return 2;
}
