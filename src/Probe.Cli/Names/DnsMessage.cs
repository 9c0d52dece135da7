using System.Buffers.Binary;
using System.Text;

namespace Probe.Cli.Names;

/// <summary>What a server said to a question for texts.</summary>
internal enum DnsOutcome
{
    /// <summary>Not an answer to this question: another's, damaged, or forged.</summary>
    NotOurs,

    /// <summary>There are texts, or certainly none.</summary>
    Answered,

    /// <summary>The server could not or would not say (SERVFAIL, REFUSED, truncated).</summary>
    Failed,
}

/// <summary>The little of DNS that a question for TXT records needs (RFC 1035 section 4).</summary>
internal static class DnsMessage
{
    /// <summary>Octets of the largest message over UDP without extensions (RFC 1035 section 4.2.1).</summary>
    public const int Largest = 512;

    private const int HeaderLength = 12;
    private const int LongestName = 255;
    private const int LongestLabel = 63;
    private const ushort Txt = 16;
    private const ushort Internet = 1;
    private const ushort Response = 0x8000;
    private const ushort Truncated = 0x0200;
    private const ushort RecursionDesired = 0x0100;
    private const int NoError = 0;
    private const int NameError = 3;

    /// <summary>Writes the question; returns its length.</summary>
    /// <exception cref="ArgumentException">The name is not one of ASCII labels.</exception>
    public static int WriteQuestion(Span<byte> to, ushort id, string name)
    {
        to[..HeaderLength].Clear();
        BinaryPrimitives.WriteUInt16BigEndian(to, id);
        BinaryPrimitives.WriteUInt16BigEndian(to[2..], RecursionDesired);
        BinaryPrimitives.WriteUInt16BigEndian(to[4..], 1);
        var at = HeaderLength;
        foreach (var label in name.Split('.'))
        {
            if (label.Length is 0 or > LongestLabel || !Ascii.IsValid(label) || at - HeaderLength + label.Length + 2 > LongestName)
            {
                throw new ArgumentException($"'{name}' is not a domain name.", nameof(name));
            }

            to[at++] = (byte)label.Length;
            at += Encoding.ASCII.GetBytes(label, to[at..]);
        }

        to[at++] = 0;
        BinaryPrimitives.WriteUInt16BigEndian(to[at..], Txt);
        BinaryPrimitives.WriteUInt16BigEndian(to[(at + 2)..], Internet);
        return at + 4;
    }

    /// <summary>Reads the answer to a question. Never throws, whatever the octets are.</summary>
    /// <param name="message">What came.</param>
    /// <param name="question">The question as it was sent.</param>
    /// <param name="texts">The TXT records, each joined of its strings.</param>
    public static DnsOutcome Read(ReadOnlySpan<byte> message, ReadOnlySpan<byte> question, out IReadOnlyList<string> texts)
    {
        texts = [];
        if (message.Length < HeaderLength || !message[..2].SequenceEqual(question[..2]))
        {
            return DnsOutcome.NotOurs;
        }

        var flags = BinaryPrimitives.ReadUInt16BigEndian(message[2..]);
        var code = flags & 0xf;
        if ((flags & Response) == 0)
        {
            return DnsOutcome.NotOurs;
        }

        // A server that refuses may leave the question out; any other answer repeats it.
        var asked = BinaryPrimitives.ReadUInt16BigEndian(message[4..]);
        if (asked != 1 || !SameQuestion(message, question))
        {
            return code is not (NoError or NameError) && asked == 0 ? DnsOutcome.Failed : DnsOutcome.NotOurs;
        }

        if (code is not (NoError or NameError) || (flags & Truncated) != 0)
        {
            return DnsOutcome.Failed;
        }

        var found = new List<string>();
        var at = question.Length;
        for (var left = BinaryPrimitives.ReadUInt16BigEndian(message[6..]); left > 0; left--)
        {
            if (!SkipName(message, ref at) || message.Length - at < 10)
            {
                return DnsOutcome.Failed;
            }

            var (type, length) =
                (BinaryPrimitives.ReadUInt16BigEndian(message[at..]), BinaryPrimitives.ReadUInt16BigEndian(message[(at + 8)..]));
            at += 10;
            if (message.Length - at < length)
            {
                return DnsOutcome.Failed;
            }

            if (type == Txt)
            {
                found.Add(Join(message.Slice(at, length)));
            }

            at += length;
        }

        texts = found;
        return DnsOutcome.Answered;
    }

    // Case may differ: some servers answer in their own.
    private static bool SameQuestion(ReadOnlySpan<byte> message, ReadOnlySpan<byte> question) =>
        message.Length >= question.Length && Ascii.EqualsIgnoreCase(message[HeaderLength..question.Length], question[HeaderLength..]);

    private static bool SkipName(ReadOnlySpan<byte> message, ref int at)
    {
        while (at < message.Length)
        {
            var length = message[at];
            switch (length)
            {
                case 0:
                    at++;
                    return true;
                case >= 0xc0:
                    at += 2;
                    return at <= message.Length;
                case > LongestLabel:
                    return false;
                default:
                    at += length + 1;
                    break;
            }
        }

        return false;
    }

    private static string Join(ReadOnlySpan<byte> data)
    {
        var text = new StringBuilder();
        while (!data.IsEmpty)
        {
            var length = Math.Min(data[0], data.Length - 1);
            text.Append(Encoding.UTF8.GetString(data.Slice(1, length)));
            data = data[(length + 1)..];
        }

        return text.ToString();
    }
}
