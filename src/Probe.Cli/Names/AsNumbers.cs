using Probe.Core.Evidence;
using Probe.Core.Packets;

namespace Probe.Cli.Names;

/// <summary>The autonomous systems of a trace's addresses: from a table where it has them, else from DNS, in the background.</summary>
/// <param name="table">A table; null for none.</param>
/// <param name="zone">DNS; null when it is not to be asked.</param>
internal sealed class AsNumbers(OriginTable? table, OriginZone? zone)
    : BackgroundLookup<AsOrigin>(address => zone?.Of(address), "AS numbers")
{
    /// <summary>As the user asked; null when he did not.</summary>
    /// <exception cref="UserError">The table cannot be read or is wrong.</exception>
    public static AsNumbers? Open(bool dns, string? file) => !dns && file is null
        ? null
        : new AsNumbers(file is null ? null : OriginTable.Read(file), dns ? new OriginZone(NameServers.OfSystem().TextsOf) : null);

    /// <summary>Asks DNS about an address that the table does not know. Returns at once.</summary>
    public void AskUnlessKnown(IpAddress address)
    {
        if (IsForDns(address))
        {
            Ask(address);
        }
    }

    /// <summary>Everything that will be known of the address is known.</summary>
    public bool IsSettled(IpAddress address) => !IsForDns(address) || IsAnswered(address);

    /// <summary>The trace with what is known by now.</summary>
    public TraceEvidence Annotate(TraceEvidence trace) => trace with
    {
        Hops = [.. trace.Hops.Select(hop => hop with { Nodes = [.. hop.Nodes.Select(Annotate)] })],
    };

    /// <summary>What could not be had, after <see cref="BackgroundLookup{T}.Wait"/>; null when nothing is missing.</summary>
    /// <param name="waited">What the wait returned.</param>
    public Gap? Missing(bool waited) => table?.Fault is { } fault
        ? new Gap("AS numbers", fault)
        : waited && zone is null or { Unanswered: 0 }
            ? null
            : new Gap("AS numbers", "no name server answered in time; check /etc/resolv.conf, or give a table with --asn-file");

    /// <inheritdoc/>
    public override void Dispose()
    {
        base.Dispose();
        table?.Dispose();
    }

    // The table first, also where it is all there is: what is wrong with it shows when it is asked.
    private bool IsForDns(IpAddress address) => table?.Of(address) is null && zone is not null && OriginZone.IsGlobal(address);

    private NodeEvidence Annotate(NodeEvidence node) =>
        IpAddress.TryParse(node.Address, out var address) && (table?.Of(address) ?? Known(address)) is { } origin
            ? node with { Asn = origin.Number, AsName = origin.Name }
            : node;
}
