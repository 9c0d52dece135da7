namespace Probe.Lab.Tests.Layer1;

/// <summary>What a test of the kernel-facing lab needs beside its programs.</summary>
public enum LabNeed
{
    Namespaces,
    Tun,
    Nft,
    UserNamespace,
}

/// <summary>A fact that is skipped, with the reason, where the lab cannot run or a program is missing.</summary>
public sealed class NeedsLabFactAttribute : FactAttribute
{
    public NeedsLabFactAttribute(LabNeed need, params string[] programs)
    {
        Need = need;
        Programs = programs;
        var missing = need switch
        {
            LabNeed.Tun => LabCapabilities.Tun,
            LabNeed.Nft => LabCapabilities.Nft,
            LabNeed.UserNamespace => LabCapabilities.UserNamespace,
            _ => LabCapabilities.Namespaces,
        };
        Skip = missing ?? LabCapabilities.Programs(programs);
    }

    public LabNeed Need { get; }

    public string[] Programs { get; }
}
