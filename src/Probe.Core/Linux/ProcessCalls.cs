using System.Runtime.InteropServices;
using System.Text;
using static Probe.Core.Linux.SystemConstants;

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
            throw new LinuxException(errno, "make a private mount namespace", errno == Errno.EPERM ? LinuxException.NeedsCapability("CAP_SYS_ADMIN") : null);
        }

        // Slave, not private: what the host mounts later is still seen here.
        if (LibC.mount("none", "/", null, MS_REC | MS_SLAVE, null) != 0)
        {
            throw new LinuxException(Marshal.GetLastPInvokeError(), "make mounts private");
        }
    }

    /// <summary>Binds a file over another in the calling thread's mounts.</summary>
    public static void BindMount(string source, string target)
    {
        if (LibC.mount(source, target, null, MS_BIND, null) != 0)
        {
            throw new LinuxException(Marshal.GetLastPInvokeError(), $"bind {source} over {target}");
        }
    }

    /// <summary>Replaces the program of this process; returns only by throwing.</summary>
    public static void Execute(string path, IReadOnlyList<string> arguments, IReadOnlyList<string> environment)
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

    private static byte** Vector(IReadOnlyList<string> texts)
    {
        var vector = (byte**)NativeMemory.AllocZeroed((nuint)texts.Count + 1, (nuint)sizeof(byte*));
        for (var i = 0; i < texts.Count; i++)
        {
            var count = Encoding.UTF8.GetByteCount(texts[i]);
            vector[i] = (byte*)NativeMemory.AllocZeroed((nuint)count + 1);
            Encoding.UTF8.GetBytes(texts[i], new Span<byte>(vector[i], count));
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
