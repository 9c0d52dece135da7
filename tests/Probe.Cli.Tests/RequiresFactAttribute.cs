namespace Probe.Cli.Tests;

/// <summary>A fact that is skipped, with the reason, where the machine lacks a program or root. Decided before the test starts.</summary>
public sealed class RequiresFactAttribute : FactAttribute
{
    /// <param name="root">Only root can run it.</param>
    /// <param name="programs">Programs it starts.</param>
    public RequiresFactAttribute(bool root, params string[] programs)
    {
        var path = (Environment.GetEnvironmentVariable("PATH") + ":/usr/sbin:/sbin").Split(':');
        var missing = programs.FirstOrDefault(p => !path.Any(folder => File.Exists(Path.Combine(folder, p))));
        Skip = root && !Environment.IsPrivilegedProcess ? "needs root" : missing is not null ? $"{missing} is not installed" : null;
    }
}
