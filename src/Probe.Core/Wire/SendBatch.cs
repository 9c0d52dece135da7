using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Probe.Core.Vocabulary;

namespace Probe.Core.Wire;

/// <summary>
/// Packets that are handed to the kernel together (sendmmsg), and what became of each. The memory is made once and pinned.
/// </summary>
public sealed class SendBatch
{
    /// <summary>Packets a batch holds: beyond some dozens a call costs little per packet.</summary>
    public const int Capacity = 64;

    private const int UsualPacket = 1500;

    private readonly byte[] _octets;
    private readonly Slot[] _slots = new Slot[Capacity];
    private readonly SendStatus[] _status = new SendStatus[Capacity];
    private readonly int[] _errors = new int[Capacity];
    private int _used;

    /// <summary>Makes an empty batch.</summary>
    /// <param name="largestPacket">Octets of the largest packet.</param>
    public SendBatch(int largestPacket) =>
        _octets = GC.AllocateArray<byte>(Math.Max(largestPacket, UsualPacket) + (Capacity - 1) * UsualPacket, pinned: true);

    /// <summary>Packets in it.</summary>
    public int Count { get; private set; }

    /// <summary>Where the next packet is to be written.</summary>
    public Span<byte> Room => _octets.AsSpan(_used);

    /// <summary>True when another packet of this size has a place.</summary>
    public bool Fits(int size) => Count < Capacity && _octets.Length - _used >= size;

    /// <summary>Takes the packet that was written into <see cref="Room"/>.</summary>
    /// <param name="length">Its octets.</param>
    /// <param name="number">Comes back with the transmit stamp.</param>
    public void Add(int length, int number)
    {
        // What nobody takes for sending has no way out.
        (_status[Count], _errors[Count]) = (SendStatus.NoRoute, 0);
        _slots[Count++] = new Slot(_used, length, number);
        _used += length;
    }

    /// <summary>The octets of a packet.</summary>
    public ReadOnlySpan<byte> Packet(int i) => _octets.AsSpan(_slots[i].At, _slots[i].Length);

    /// <summary>The number given with it.</summary>
    public int Number(int i) => _slots[i].Number;

    /// <summary>What became of it; set by the port.</summary>
    public ref SendStatus Status(int i) => ref _status[i];

    /// <summary>The error number behind a status other than <see cref="SendStatus.Sent"/>; 0 where the port has none.</summary>
    public ref int Error(int i) => ref _errors[i];

    /// <summary>Empties it.</summary>
    public void Clear() => (Count, _used) = (0, 0);

    internal unsafe void* Pointer(int i) => (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_octets)) + _slots[i].At;

    private readonly record struct Slot(int At, int Length, int Number);
}
