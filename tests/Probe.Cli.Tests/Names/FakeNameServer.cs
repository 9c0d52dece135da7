using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Net;
using System.Text;

namespace Probe.Cli.Tests.Names;

/// <summary>A name server on the loopback address that knows a few texts.</summary>
internal sealed class FakeNameServer : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
    private readonly Thread _thread;

    public FakeNameServer()
    {
        _socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        Address = (IPEndPoint)_socket.LocalEndPoint!;
        _thread = new Thread(Serve) { IsBackground = true };
        _thread.Start();
    }

    public IPEndPoint Address { get; }

    /// <summary>The texts of each name; a name that is missing does not exist.</summary>
    public ConcurrentDictionary<string, string[]> Texts { get; } = new(StringComparer.OrdinalIgnoreCase);

    public ConcurrentQueue<string> Asked { get; } = [];

    /// <summary>Every answer's response code, when not 0.</summary>
    public int Code { get; init; }

    /// <summary>Sends answers that are not to the question before the true one.</summary>
    public bool Forge { get; init; }

    public void Dispose()
    {
        _socket.Dispose();
        _thread.Join();
    }

    /// <summary>An answer with these texts, in strings of at most 255 octets.</summary>
    public static byte[] Answer(ReadOnlySpan<byte> question, int code, string[] texts)
    {
        var answer = new List<byte>(question.ToArray());
        (answer[2], answer[3], answer[7]) = (0x81, (byte)(0x80 | code), (byte)texts.Length);
        foreach (var text in texts)
        {
            var data = Encoding.UTF8.GetBytes(text).Chunk(255).SelectMany(chunk => chunk.Prepend((byte)chunk.Length)).ToArray();
            answer.AddRange([0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 60, (byte)(data.Length >> 8), (byte)data.Length, .. data]);
        }

        return [.. answer];
    }

    private void Serve()
    {
        var buffer = new byte[512];
        try
        {
            while (true)
            {
                EndPoint from = new IPEndPoint(IPAddress.Any, 0);
                var question = buffer.AsSpan(0, _socket.ReceiveFrom(buffer, ref from));
                var name = NameIn(question);
                Asked.Enqueue(name);
                if (Forge)
                {
                    var wrong = Answer(question, 0, ["forged"]);
                    BinaryPrimitives.WriteUInt16BigEndian(wrong, (ushort)~BinaryPrimitives.ReadUInt16BigEndian(wrong));
                    _socket.SendTo(wrong, from);
                    wrong = Answer(question, 0, ["forged"]);
                    wrong[13] ^= 1;
                    _socket.SendTo(wrong, from);
                }

                var known = Texts.TryGetValue(name, out var texts);
                _socket.SendTo(Answer(question, Code != 0 ? Code : known ? 0 : 3, texts ?? []), from);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Disposed.
        }
    }

    private static string NameIn(ReadOnlySpan<byte> question)
    {
        var name = new StringBuilder();
        for (var at = 12; question[at] != 0; at += question[at] + 1)
        {
            name.Append(name.Length > 0 ? "." : "").Append(Encoding.ASCII.GetString(question.Slice(at + 1, question[at])));
        }

        return name.ToString();
    }
}
