using Probe.Core.Capture;

namespace Probe.Core.Tests.Capture;

/// <summary>A packet out of a file, to be kept.</summary>
internal sealed record ReadPacket(string? Interface, long UnixNs, string Octets, int Length, string? Comment, bool? Outgoing)
{
    public static List<ReadPacket> All(string file)
    {
        using var reader = CaptureReader.Open(file);
        return All(reader);
    }

    public static List<ReadPacket> All(byte[] file)
    {
        using var reader = CaptureReader.Open(new MemoryStream(file));
        return All(reader);
    }

    private static List<ReadPacket> All(CaptureReader reader)
    {
        var packets = new List<ReadPacket>();
        while (reader.TryRead(out var packet))
        {
            packets.Add(new ReadPacket(
                packet.Interface, packet.UnixNs, Convert.ToHexString(packet.Octets), packet.Length, packet.Comment, packet.Outgoing));
        }

        return packets;
    }
}
