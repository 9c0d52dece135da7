using System.Globalization;
using System.Net.Sockets;
using System.Net;
using Probe.Cli.Parsing;
using Probe.Core.Packets;
using Probe.Core.Vocabulary;

namespace Probe.Cli.Names;

/// <summary>A host has no address: with one target the run ends, among several it is told and the others go on.</summary>
/// <param name="noResolver">No resolver answered, so that the name is not to blame.</param>
/// <param name="message">What, for which input, what to do next.</param>
internal sealed class NotResolvedException(bool noResolver, string message) : UserError(ExitStatus.CannotRun, message)
{
    /// <summary>No resolver answered, so that the name is not to blame.</summary>
    public bool NoResolver { get; } = noResolver;
}

/// <summary>Turns a host into the address to probe. An address never asks DNS.</summary>
internal static class TargetResolver
{
    /// <summary>The address; of several, the one the system's resolver puts first (RFC 6724).</summary>
    /// <exception cref="UserError">The name is unknown, has no address of that family, or no resolver answered.</exception>
    /// <exception cref="OperationCanceledException">Interrupted meanwhile.</exception>
    public static IpAddress Resolve(TargetName target, Family family, CancellationToken cancellation)
    {
        if (!target.IsName)
        {
            return target.Address;
        }

        var (address, failure) = Blocking.Run(() => Ask(target, family), cancellation);
        return failure switch
        {
            null => address,
            SocketError.HostNotFound or SocketError.NoData => throw Unknown(target, family),
            SocketError.TryAgain =>
                throw new NotResolvedException(noResolver: true,
                $"cannot resolve {target.Text}: no resolver answered; check /etc/resolv.conf, or use an address"),
            { } other =>
                throw new NotResolvedException(noResolver: false,
                $"cannot resolve {target.Text}: {new SocketException((int)other).Message}; check the name or use an address"),
        };
    }

    /// <summary>The same as a value, for a name among many. Blocks for as long as the resolver does.</summary>
    /// <returns>The address, or why there is none: <see cref="SocketError.HostNotFound"/>, <see cref="SocketError.TryAgain"/>, …</returns>
    /// <exception cref="UserError">Letters that no name may have.</exception>
    public static (IpAddress Address, SocketError? Failure) Ask(TargetName target, Family family)
    {
        var name = Ascii(target.Text);
        try
        {
            var addresses = Dns.GetHostAddresses(name, FamilyOf(family));
            return addresses.Length > 0 ? (IpAddress.FromIPAddress(addresses[0]), null) : (default, SocketError.NoData);
        }
        catch (SocketException e)
        {
            return (default, e.SocketErrorCode);
        }
    }

    private static NotResolvedException Unknown(TargetName target, Family family) => new(noResolver: false, family switch
    {
        Family.V4 => $"cannot resolve {target.Text}: no such host, or it has no IPv4 address; check the name or leave out -4",
        Family.V6 => $"cannot resolve {target.Text}: no such host, or it has no IPv6 address; check the name or leave out -6",
        _ => $"cannot resolve {target.Text}: no such host; check the name or use an address",
    });

    private static AddressFamily FamilyOf(Family family) => family switch
    {
        Family.V4 => AddressFamily.InterNetwork,
        Family.V6 => AddressFamily.InterNetworkV6,
        _ => AddressFamily.Unspecified,
    };

    private static string Ascii(string name)
    {
        try
        {
            return System.Text.Ascii.IsValid(name) ? name : new IdnMapping().GetAscii(name);
        }
        catch (ArgumentException)
        {
            throw UserError.Usage($"HOST '{name}' is not a host: it holds letters that no name may have");
        }
    }
}
