using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Probe.Cli.Parsing;
using Probe.Core.Packets;

namespace Probe.Cli.Names;

/// <summary>A host has no address: with one target the run ends, among several it is told and the others go on.</summary>
/// <param name="reason"><c>name</c>, or <c>resolver</c> when none answered.</param>
/// <param name="message">What, for which input, what to do next.</param>
internal sealed class NotResolvedException(string reason, string message) : UserError(ExitStatus.CannotRun, message)
{
    /// <summary>As the document has it.</summary>
    public string Reason { get; } = reason;
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

        try
        {
            var name = Ascii(target.Text);
            var addresses = Blocking.Run(() => Dns.GetHostAddresses(name, FamilyOf(family)), cancellation);
            return addresses.Length > 0 ? IpAddress.FromIPAddress(addresses[0]) : throw Unknown(target, family);
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.HostNotFound or SocketError.NoData)
        {
            throw Unknown(target, family);
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.TryAgain)
        {
            throw new NotResolvedException("resolver", $"cannot resolve {target.Text}: no resolver answered; check /etc/resolv.conf, or use an address");
        }
        catch (SocketException e)
        {
            throw new NotResolvedException("name", $"cannot resolve {target.Text}: {e.Message}; check the name or use an address");
        }
    }

    private static NotResolvedException Unknown(TargetName target, Family family) => new("name", family switch
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
