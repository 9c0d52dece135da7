using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Probe.Core.Capture;

namespace Probe.Lab.Instruments;

/// <summary>Reads captures of which some octets were changed, cut out or doubled: each ends, or is refused by the one error.</summary>
/// <param name="Whole">Captures that were read to their end.</param>
/// <param name="Refused">Captures refused with an error.</param>
/// <param name="Packets">Packets of both.</param>
public readonly record struct MutatedCaptures(int Whole, int Refused, long Packets)
{
    private const int MostMutations = 4;

    // No mutation makes a file of more blocks than it has octets for: what hands out more reads in a circle.
    private const int SmallestPacket = 12;

    /// <summary>Reads so many, chosen by the seed.</summary>
    /// <exception cref="InvalidDataException">A reader hands out more packets than the file holds, or more octets.</exception>
    public static MutatedCaptures Read(int seed, int count)
    {
        var random = new Random(seed);
        byte[][] originals = [Pcapng(), Classic(isSwapped: false), Classic(isSwapped: true)];
        var total = default(MutatedCaptures);
        for (var i = 0; i < count; i++)
        {
            // Classic files are mostly libpcap's work; a tenth of all shows what is made of its answers.
            var kind = i % 10 == 0 ? 1 + random.Next(2) : 0;
            var file = Mutate(originals[kind], random);
            total = ReadOne(file, total);
        }

        return total;
    }

    private static MutatedCaptures ReadOne(byte[] file, MutatedCaptures total)
    {
        var packets = 0L;
        try
        {
            using var reader = CaptureReader.Open(new MemoryStream(file));
            while (reader.TryRead(out var packet))
            {
                packets++;
                if (packets > file.Length / SmallestPacket || packet.Octets.Length > file.Length || packet.Length < packet.Octets.Length)
                {
                    throw new InvalidDataException(
                        $"packet {packets} of {packet.Octets.Length} octets out of a file of {file.Length}: {Convert.ToHexString(file)}");
                }
            }

            return new MutatedCaptures(total.Whole + 1, total.Refused, total.Packets + packets);
        }
        catch (CaptureFileException)
        {
            return new MutatedCaptures(total.Whole, total.Refused + 1, total.Packets + packets);
        }
    }

    private static byte[] Mutate(byte[] original, Random random)
    {
        List<byte> file = [.. original];
        for (var left = 1 + random.Next(MostMutations); left > 0 && file.Count > 0; left--)
        {
            var at = random.Next(file.Count);
            switch (random.Next(8))
            {
                case 0:
                    file.RemoveRange(at, Math.Min(random.Next(1, 40), file.Count - at));
                    break;
                case 1:
                    file.InsertRange(at, file.GetRange(at, Math.Min(random.Next(1, 40), file.Count - at)));
                    break;
                case 2:
                    file[at] = (byte)(random.Next(2) * 255);
                    break;
                case 3:
                    file[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 4 when at + 4 <= file.Count:
                    // Numbers at the edges, where lengths stand.
                    BitConverter.TryWriteBytes(CollectionsMarshal.AsSpan(file)[at..], random.Next(2) * int.MaxValue - random.Next(5));
                    break;
                default:
                    file[at] = (byte)random.Next(256);
                    break;
            }
        }

        return [.. file];
    }

    private static byte[] Pcapng()
    {
        using var stream = new MemoryStream();
        using (var writer = new PcapngWriter(stream, "probe", leaveOpen: true))
        {
            byte[] packet = [0x45, 0, 0, 28, 0, 1, 0, 0, 64, 1, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 8, 0, 0, 0, 0, 7, 0, 9];
            foreach (var type in (ReadOnlySpan<LinkType>)[LinkType.RawIp, LinkType.LinuxCooked, LinkType.Ethernet])
            {
                var number = writer.AddInterface($"{type}", type);
                for (var i = 0; i < 2; i++)
                {
                    if (type == LinkType.LinuxCooked)
                    {
                        writer.WriteCooked(number, 1_795_234_567_123_456_789 + i, outgoing: true, packet, comment: "probe 7");
                    }
                    else
                    {
                        byte[] frame = type == LinkType.RawIp ? packet : [.. new byte[12], 8, 0, .. packet];
                        writer.Write(number, 1_795_234_567_123_456_789 + i, frame, comment: "probe 7");
                    }
                }
            }
        }

        return stream.ToArray();
    }

    private static byte[] Classic(bool isSwapped)
    {
        byte[] packet = [0x45, 0, 0, 28, 0, 1, 0, 0, 64, 1, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 8, 0, 0, 0, 0, 7, 0, 9];
        List<byte> file = [];
        Add(0xA1B23C4D, 0x0004_0002, 0, 0, 65_536, 101);
        for (uint i = 0; i < 4; i++)
        {
            Add(1_795_234_567, i, (uint)packet.Length, (uint)packet.Length);
            file.AddRange(packet);
        }

        return [.. file];

        void Add(params ReadOnlySpan<uint> words)
        {
            foreach (var word in words)
            {
                // The version is two numbers of 16 bits: in the other order its halves change places too.
                file.AddRange(BitConverter.GetBytes(!isSwapped ? word : word == 0x0004_0002
                    ? 0x0400_0200 : BinaryPrimitives.ReverseEndianness(word)));
            }
        }
    }
}
