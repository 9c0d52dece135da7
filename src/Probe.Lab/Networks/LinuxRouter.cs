namespace Probe.Lab.Networks;

/// <summary>The settings that make a namespace a router.</summary>
internal static class LinuxRouter
{
    // Newer kernels count these per namespace, older ones for the whole host, where a lab leaves them alone.
    private static readonly string[] s_global = ["net.ipv4.icmp_msgs_per_sec", "net.ipv4.icmp_msgs_burst"];

    /// <summary>Sets forwarding and ICMP behaviour.</summary>
    public static void Configure(string name, bool forwards, IcmpLimits limits)
    {
        var forward = forwards ? "1" : "0";
        KernelLab.Sysctl(name,
            ("net.ipv4.ip_forward", forward), ("net.ipv6.conf.all.forwarding", forward),

            // An error names the interface its packet came in by: otherwise one router has one address for all its branches.
            ("net.ipv4.icmp_errors_use_inbound_ifaddr", "1"));
        if (limits == IcmpLimits.Stock)
        {
            return;
        }

        // The mask takes all types out of both limiters, the per-address one and the namespace's.
        KernelLab.Sysctl(name, ("net.ipv4.icmp_ratelimit", "0"), ("net.ipv4.icmp_ratemask", "0"), ("net.ipv6.icmp.ratelimit", "0"));
        var own = s_global.Where(key => KernelLab.In(name, () => File.Exists("/proc/sys/" + key.Replace('.', '/'))));
        KernelLab.Sysctl(name, [.. own.Select(key => (key, "1000000"))]);
    }
}
