using Probe.Core.Packets;

namespace Probe.Cli.Parsing;

/// <summary>A service as its clients know it.</summary>
/// <param name="Text">For people.</param>
/// <param name="Address">The address.</param>
/// <param name="Port">The port.</param>
/// <param name="IsUdp">UDP rather than TCP.</param>
internal sealed record OutsideService(string Text, IpAddress Address, ushort Port, bool IsUdp);
