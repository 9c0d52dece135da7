using System.Buffers.Binary;
using System.Net.Security;
using System.Net.Sockets;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Security.Cryptography;
using System.Text;
using Probe.Core.TcpTests;

namespace Probe.Core.Tests.TcpTests;

[Collection(Lanes.Simulated)]
public class TcpPayloadTests
{
    [Theory]
    [InlineData(443, null, "tls")]
    [InlineData(80, null, "http")]
    [InlineData(443, "http", "http")]
    [InlineData(8443, "tls", "tls")]
    [InlineData(7, "zeros", "zeros")]
    public void The_port_or_the_user_says_what_is_sent(ushort port, string? choice, string name)
    {
        Assert.True(TcpPayload.TryChoose(choice, port, "example.net", out var payload, out var error), error);
        Assert.Equal(name, payload!.Name);
    }

    [Fact]
    public void A_stranger_s_port_is_sent_nothing_without_a_word()
    {
        Assert.False(TcpPayload.TryChoose(null, 3306, "example.net", out _, out var error));
        Assert.Equal("what may be sent to port 3306? say --payload tls, http, zeros or FILE (443 and 80 need no word)", error);
    }

    [Fact]
    public void A_file_goes_out_whole_or_not_at_all()
    {
        var file = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(file, [1, 2, 3]);
            Assert.True(TcpPayload.TryChoose(file, 7, "h", out var payload, out _));
            Assert.Equal([1, 2, 3], payload!.Make(4000));
            File.WriteAllBytes(file, new byte[TcpTransfer.MaxOctets + 1]);
            Assert.False(TcpPayload.TryChoose(file, 7, "h", out _, out var error));
            Assert.Contains("1 to 32000 can be sent", error, StringComparison.Ordinal);
            Assert.False(TcpPayload.TryChoose(file + ".not", 7, "h", out _, out error));
            Assert.Contains("known words: tls, http, zeros", error, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Theory]
    [InlineData("example.net", "Host: example.net\r\n")]
    [InlineData("2001:db8::1", "Host: [2001:db8::1]\r\n")]
    public void The_request_is_one_of_exactly_the_length(string host, string line)
    {
        var text = Encoding.ASCII.GetString(TcpPayload.Http(host).Make(4000));
        Assert.Equal(4000, text.Length);
        Assert.StartsWith("GET / HTTP/1.1\r\n" + line, text, StringComparison.Ordinal);
        Assert.EndsWith("\r\n\r\n", text, StringComparison.Ordinal);
        Assert.Equal(text.Length - 4, text.IndexOf("\r\n\r\n", StringComparison.Ordinal));
        Assert.Equal(7600, TcpPayload.Http(host).Make(32_000).Length);
    }

    [Theory]
    [InlineData(512)]
    [InlineData(3_982)]
    [InlineData(16_389)]
    [InlineData(16_390)]
    [InlineData(16_394)]
    [InlineData(32_000)]
    [InlineData(60_000)]
    public void Records_of_a_hello_add_up_and_none_is_empty_or_too_long(int length)
    {
        var rest = TcpPayload.Tls("example.net").Make(length).AsSpan();
        Assert.Equal(length, rest.Length);
        while (!rest.IsEmpty)
        {
            Assert.Equal(22, rest[0]);
            var size = BinaryPrimitives.ReadUInt16BigEndian(rest[3..]);
            Assert.InRange(size, 1, 1 << 14);
            rest = rest[(5 + size)..];
        }
    }

    [Theory]
    [InlineData("example.net", "example.net")]
    [InlineData("192.0.2.1", "")]
    public async Task A_tls_server_takes_the_hello_and_answers_it(string host, string name)
    {
        using var key = RSA.Create(2048);
        using var made = new CertificateRequest("CN=probe", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            .CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        using var certificate = X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pfx), null);
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var client = new TcpClient();
        await client.ConnectAsync((IPEndPoint)listener.LocalEndpoint);
        using var server = await listener.AcceptTcpClientAsync();
        using var tls = new SslStream(server.GetStream());
        var asked = new TaskCompletionSource<string>();
        var handshake = tls.AuthenticateAsServerAsync(
            (_, hello, _, _) =>
            {
                asked.SetResult(hello.ServerName);
                return new(new SslServerAuthenticationOptions { ServerCertificate = certificate });
            },
            null);
        await client.GetStream().WriteAsync(TcpPayload.Tls(host).Make(16_000));
        Assert.Equal(name, await asked.Task.WaitAsync(TimeSpan.FromSeconds(20)));

        // A ServerHello, not an alert (21).
        var answer = new byte[6];
        await client.GetStream().ReadExactlyAsync(answer).AsTask().WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Equal((22, 2), (answer[0], answer[5]));
        client.Close();
        await Assert.ThrowsAnyAsync<Exception>(() => handshake);
    }
}
