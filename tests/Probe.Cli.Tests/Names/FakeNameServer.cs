using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Net;
using System.Text;
using Probe.Lab.Networks;

namespace Probe.Cli.Tests.Names;

/// <summary>
/// A name server that knows a few texts, by UDP and TCP at one port: an answer that is larger than the asker takes by UDP is truncated there.
/// </summary>
internal sealed class FakeNameServer : IDisposable
{
    private const int HeaderLength = 12;
    private const byte Truncated = 0x02;
    private const int FormatError = 1;
    private const int NameError = 3;

    private readonly Socket _datagrams;
    private readonly Socket _connections;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task[] _work;

    /// <summary>Starts it at a port of its own on the loopback address.</summary>
    public FakeNameServer()
        : this(new IPEndPoint(IPAddress.Loopback, 0), null)
    {
    }

    /// <summary>Starts it.</summary>
    /// <param name="at">Where; port 0 for any.</param>
    /// <param name="netns">The namespace that it is in; null for that of the tests.</param>
    public FakeNameServer(IPEndPoint at, string? netns)
    {
        _datagrams = Make(netns, () => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
        _datagrams.Bind(at);
        Address = (IPEndPoint)_datagrams.LocalEndPoint!;
        _connections = Make(netns, () => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        _connections.Bind(Address);
        _connections.Listen();
        _work = [ServeDatagrams(), ServeConnections()];
    }

    public IPEndPoint Address { get; }

    /// <summary>The texts of each name; a name that is missing does not exist.</summary>
    public ConcurrentDictionary<string, string[]> Texts { get; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>The names it was asked for; those by TCP behind <c>tcp:</c>.</summary>
    public ConcurrentQueue<string> Asked { get; } = [];

    /// <summary>Every answer's response code, when not 0.</summary>
    public int Code { get; init; }

    /// <summary>Answers nothing.</summary>
    public bool IsSilent { get; init; }

    /// <summary>Calls a question with extensions malformed, as servers older than RFC 6891 do.</summary>
    public bool IsOld { get; init; }

    /// <summary>What becomes of an answer before it is sent; its second argument counts the answers.</summary>
    public Func<byte[], int, byte[]> Damage { get; init; } = (answer, _) => answer;

    public void Dispose()
    {
        _stop.Cancel();
        Task.WaitAll(_work);
        _datagrams.Dispose();
        _connections.Dispose();
        _stop.Dispose();
    }

    private static Socket Make(string? netns, Func<Socket> make) => netns is null ? make() : KernelLab.In(netns, make);

    private async Task ServeDatagrams()
    {
        var buffer = new byte[512];
        try
        {
            while (true)
            {
                var got = await _datagrams.ReceiveFromAsync(buffer, SocketFlags.None, new IPEndPoint(IPAddress.Any, 0), _stop.Token);
                var question = buffer[..got.ReceivedBytes];
                if (Answer(question, "", LargestOf(question)) is { } answer)
                {
                    await _datagrams.SendToAsync(answer, SocketFlags.None, got.RemoteEndPoint, _stop.Token);
                }
            }
        }
        catch (OperationCanceledException)
        {
            return;
        }
    }

    private async Task ServeConnections()
    {
        var conversations = new List<Task>();
        try
        {
            while (true)
            {
                conversations.Add(Converse(await _connections.AcceptAsync(_stop.Token)));
            }
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(conversations);
        }
    }

    // The asker may keep his connection for more questions, and have several.
    private async Task Converse(Socket connection)
    {
        try
        {
            using var stream = new NetworkStream(connection, ownsSocket: true);
            var length = new byte[2];
            while (await stream.ReadAtLeastAsync(length, 2, throwOnEndOfStream: false, _stop.Token) == 2)
            {
                var question = new byte[BinaryPrimitives.ReadUInt16BigEndian(length)];
                await stream.ReadExactlyAsync(question, _stop.Token);
                if (Answer(question, "tcp:", ushort.MaxValue) is { } answer)
                {
                    await stream.WriteAsync((byte[])[(byte)(answer.Length >> 8), (byte)answer.Length, .. answer], _stop.Token);
                }
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // The asker has gone: he closes with a reset; or all is over.
            return;
        }
    }

    private byte[]? Answer(ReadOnlySpan<byte> question, string way, int largest)
    {
        var name = NameIn(question);
        Asked.Enqueue(way + name);
        if (IsSilent)
        {
            return null;
        }

        var known = Texts.TryGetValue(name, out var texts);
        var isMalformed = IsOld && HasExtensions(question);
        var answer = Compose(question, isMalformed ? FormatError : Code != 0 ? Code : known ? 0 : NameError, isMalformed ? [] : texts ?? []);
        if (answer.Length > largest)
        {
            answer = Compose(question, 0, []);
            answer[2] |= Truncated;
        }

        return Damage(answer, Asked.Count);
    }

    /// <summary>An answer with these texts, in strings of at most 255 octets.</summary>
    private byte[] Compose(ReadOnlySpan<byte> question, int code, string[] texts)
    {
        var answer = new List<byte>(question[..EndOfQuestion(question)].ToArray());
        (answer[2], answer[3], answer[7], answer[11]) = (0x81, (byte)(0x80 | code), (byte)texts.Length, 0);
        foreach (var text in texts)
        {
            var data = Encoding.UTF8.GetBytes(text).Chunk(255).SelectMany(chunk => chunk.Prepend((byte)chunk.Length)).ToArray();
            answer.AddRange([0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 60, (byte)(data.Length >> 8), (byte)data.Length, .. data]);
        }

        if (HasExtensions(question) && !IsOld)
        {
            answer[11] = 1;
            answer.AddRange([0, 0, 41, 0x04, 0xd0, 0, 0, 0, 0, 0, 0]);
        }

        return [.. answer];
    }

    private static bool HasExtensions(ReadOnlySpan<byte> question) => question[11] != 0;

    // The size stands where other records have their class (RFC 6891 section 6.1.2).
    private static int LargestOf(ReadOnlySpan<byte> question) => HasExtensions(question)
        ? BinaryPrimitives.ReadUInt16BigEndian(question[(EndOfQuestion(question) + 3)..])
        : 512;

    private static int EndOfQuestion(ReadOnlySpan<byte> question) => HeaderLength + question[HeaderLength..].IndexOf((byte)0) + 5;

    private static string NameIn(ReadOnlySpan<byte> question)
    {
        var name = new StringBuilder();
        for (var at = HeaderLength; question[at] != 0; at += question[at] + 1)
        {
            name.Append(name.Length > 0 ? "." : "").Append(Encoding.ASCII.GetString(question.Slice(at + 1, question[at])));
        }

        return name.ToString();
    }
}
