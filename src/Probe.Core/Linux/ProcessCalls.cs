using System.Runtime.InteropServices;
using static Probe.Core.Linux.ProcessConstants;

namespace Probe.Core.Linux;

/// <summary>Calls that change what the calling thread or process is: its namespaces, mounts and program.</summary>
internal static unsafe class ProcessCalls
{
    /// <summary>Moves the calling thread alone into a network namespace.</summary>
    public static void EnterNetworkNamespace(FileDescriptor target, string name)
    {
        if (LibC.setns(target, CLONE_NEWNET) != 0)
        {
            var errno = Marshal.GetLastPInvokeError();
            throw new LinuxException(errno, $"enter network namespace {name}", errno switch
            {
                Errno.EPERM => LinuxException.NeedsCapability("CAP_SYS_ADMIN"),
                Errno.EINVAL => "it is not a network namespace",
                _ => null,
            });
        }
    }

    /// <summary>Gives the calling thread its own mounts; none of its changes leak to the others.</summary>
    public static void UnshareMounts()
    {
        if (LibC.unshare(CLONE_NEWNS) != 0)
        {
            var errno = Marshal.GetLastPInvokeError();
            throw new LinuxException(errno, "make a private mount namespace",
                errno == Errno.EPERM ? LinuxException.NeedsCapability("CAP_SYS_ADMIN") : null);
        }

        // Slave, not private: what the host mounts later is still seen here.
        if (LibC.mount("none", "/", null, MS_REC | MS_SLAVE, null) != 0)
        {
            throw new LinuxException(Marshal.GetLastPInvokeError(), "make mounts private");
        }
    }

    /// <summary>
    /// Puts other content over a file, in the calling thread's own mounts only. The content lives in a tmpfs that nothing else
    /// can reach and that goes with the mounts: a bind mount straight from another mount namespace is refused (EINVAL).
    /// </summary>
    public static void Overlay(string path, byte[] content)
    {
        const string Workplace = "/tmp";
        if (LibC.mount("tmpfs", Workplace, "tmpfs", 0, null) != 0)
        {
            throw new LinuxException(Marshal.GetLastPInvokeError(), $"mount a tmpfs for {path}");
        }

        var copy = Workplace + "/overlay";
        File.WriteAllBytes(copy, content);
        if (LibC.mount(copy, path, null, MS_BIND, null) != 0)
        {
            throw new LinuxException(Marshal.GetLastPInvokeError(), $"put other content over {path}");
        }

        if (LibC.umount2(Workplace, MNT_DETACH) != 0)
        {
            throw new LinuxException(Marshal.GetLastPInvokeError(), $"unmount {Workplace}");
        }
    }

    /// <summary>Replaces the program of this process; returns only by throwing. Arguments are octets: they need not be text.</summary>
    public static void Execute(string path, IReadOnlyList<byte[]> arguments, IReadOnlyList<byte[]> environment)
    {
        var argv = Vector(arguments);
        var envp = Vector(environment);
        try
        {
            _ = LibC.execve(path, argv, envp);
            throw new LinuxException(Marshal.GetLastPInvokeError(), $"run {path}");
        }
        finally
        {
            Free(argv);
            Free(envp);
        }
    }

    private static byte** Vector(IReadOnlyList<byte[]> texts)
    {
        var vector = (byte**)NativeMemory.AllocZeroed((nuint)texts.Count + 1, (nuint)sizeof(byte*));
        for (var i = 0; i < texts.Count; i++)
        {
            vector[i] = (byte*)NativeMemory.AllocZeroed((nuint)texts[i].Length + 1);
            texts[i].CopyTo(new Span<byte>(vector[i], texts[i].Length));
        }

        return vector;
    }

    private static void Free(byte** vector)
    {
        for (var at = vector; *at != null; at++)
        {
            NativeMemory.Free(*at);
        }

        NativeMemory.Free(vector);
    }
}
