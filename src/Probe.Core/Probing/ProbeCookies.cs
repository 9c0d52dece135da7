using System.Security.Cryptography;

namespace Probe.Core.Probing;

/// <summary>
/// Writes a probe's run-wide number into the fields that answers bring back, under a key of this run, and reads it back:
/// a stranger's packet or a forgery decodes to a number that was never sent. One permutation a field, so that no two probes of
/// the last 65,535 share a value and no state is needed to recognise one.
/// </summary>
public sealed class ProbeCookies
{
    /// <summary>How many consecutive numbers have different 16-bit tags.</summary>
    public const int TagCycle = 65535;

    private readonly Permutation16 _ipId;
    private readonly Permutation16 _checksum;
    private readonly Permutation16 _sequence;
    private readonly ulong[] _roundKeys = new ulong[4];
    private readonly ulong _payloadKey;

    /// <summary>Makes cookies under a random key.</summary>
    public ProbeCookies()
        : this(RandomNumberGenerator.GetBytes(KeyLength))
    {
    }

    /// <summary>Makes cookies under a given key; the same key gives the same packets.</summary>
    /// <param name="key">At least <see cref="KeyLength"/> octets.</param>
    public ProbeCookies(ReadOnlySpan<byte> key)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(key.Length, KeyLength);
        _ipId = new Permutation16(key[..Permutation16.KeyLength]);
        _checksum = new Permutation16(key.Slice(Permutation16.KeyLength, Permutation16.KeyLength));
        _sequence = new Permutation16(key.Slice(2 * Permutation16.KeyLength, Permutation16.KeyLength));
        var rest = key[(3 * Permutation16.KeyLength)..];
        for (var i = 0; i < _roundKeys.Length; i++)
        {
            _roundKeys[i] = BitConverter.ToUInt64(rest[(i * 8)..]);
        }

        _payloadKey = BitConverter.ToUInt64(rest[32..]);
    }

    /// <summary>Octets of a key.</summary>
    public static int KeyLength => 3 * Permutation16.KeyLength + 40;

    /// <summary>The IPv4 identification of the outermost header: never 0, which the kernel would replace.</summary>
    public ushort IpId(int number) => _ipId.Forward(Residue(number));

    /// <summary>The UDP checksum: never 0, which would mean "none" (RFC 768).</summary>
    public ushort UdpChecksum(int number) => _checksum.Forward(Residue(number));

    /// <summary>The sequence of an echo request.</summary>
    public ushort IcmpSequence(int number) => _sequence.Forward(Residue(number));

    /// <summary>The residue modulo <see cref="TagCycle"/> of the number behind an IPv4 identification; −1 for 0.</summary>
    public int ResidueOfIpId(ushort id) => _ipId.Backward(id);

    /// <summary>The residue behind a UDP checksum; −1 for 0.</summary>
    public int ResidueOfUdpChecksum(ushort checksum) => _checksum.Backward(checksum);

    /// <summary>The residue behind an echo sequence; −1 for 0.</summary>
    public int ResidueOfIcmpSequence(ushort sequence) => _sequence.Backward(sequence);

    /// <summary>The TCP sequence number: a permutation of all 32 bits.</summary>
    public uint TcpSequence(int number)
    {
        var (left, right) = ((uint)number >> 16, (uint)number & 0xffff);
        for (var i = 0; i < 4; i++)
        {
            (left, right) = (right, left ^ Mix(right, _roundKeys[i]));
        }

        return left << 16 | right;
    }

    /// <summary>The number behind a TCP sequence number; any value decodes, most to numbers never sent.</summary>
    public int NumberOfTcpSequence(uint sequence)
    {
        var (left, right) = (sequence >> 16, sequence & 0xffff);
        for (var i = 3; i >= 0; i--)
        {
            (left, right) = (right ^ Mix(left, _roundKeys[i]), left);
        }

        return (int)(left << 16 | right);
    }

    /// <summary>Eight octets for the payload, checked where enough of it comes back.</summary>
    public ulong Payload(int number) => SplitMix.Mix((ulong)(uint)number ^ _payloadKey);

    private static int Residue(int number) => number % TagCycle;

    private static uint Mix(uint half, ulong key) => (uint)(SplitMix.Mix(half ^ key) >> 48);

    /// <summary>A keyed permutation between residues 0..65534 and values 1..65535: a Feistel network of byte tables.</summary>
    private sealed class Permutation16
    {
        public const int KeyLength = 4 * 256;
        private readonly byte[] _tables;

        public Permutation16(ReadOnlySpan<byte> key) => _tables = key.ToArray();

        public ushort Forward(int residue)
        {
            // Walk the cycle past 0 so that only 1..65535 come out; 65535 is never a residue, so 0 takes its place coming in.
            var value = Encrypt(residue + 1);
            return (ushort)(value != 0 ? value : Encrypt(0));
        }

        public int Backward(ushort value)
        {
            if (value == 0)
            {
                return -1;
            }

            var plain = Decrypt(value);
            return (plain != 0 ? plain : Decrypt(0)) - 1;
        }

        private int Encrypt(int value)
        {
            var (left, right) = ((byte)(value >> 8), (byte)value);
            left ^= _tables[right];
            right ^= _tables[256 + left];
            left ^= _tables[512 + right];
            right ^= _tables[768 + left];
            return left << 8 | right;
        }

        private int Decrypt(int value)
        {
            var (left, right) = ((byte)(value >> 8), (byte)value);
            right ^= _tables[768 + left];
            left ^= _tables[512 + right];
            right ^= _tables[256 + left];
            left ^= _tables[right];
            return left << 8 | right;
        }
    }
}
