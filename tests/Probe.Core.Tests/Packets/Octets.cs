namespace Probe.Core.Tests.Packets;

/// <summary>Octets as tests write them.</summary>
internal static class Octets
{
    /// <summary>Octets of a hexadecimal text; spaces separate what belongs together.</summary>
    public static byte[] Hex(string text) => Convert.FromHexString(text.Replace(" ", "", StringComparison.Ordinal));

    public static byte[] Join(params byte[][] parts) => [.. parts.SelectMany(part => part)];

    /// <summary>Octets 1, 2, 3, …, none of them 0 so that nothing is taken for padding.</summary>
    public static byte[] Counting(int length) => [.. Enumerable.Range(0, length).Select(i => (byte)(i % 255 + 1))];
}
