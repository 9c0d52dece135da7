using System.Reflection;
using Probe.Core.Evidence;

namespace Probe.Cli.Frame;

/// <summary>This program's name and version.</summary>
internal static class ProgramVersion
{
    /// <summary>Version without the source revision.</summary>
    public static string Text { get; } =
        typeof(ProgramVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0";

    /// <summary>As documents name it.</summary>
    public static ToolInfo Tool => new("probe", Text);
}
