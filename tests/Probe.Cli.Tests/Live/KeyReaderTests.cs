using System.Text;
using Probe.Cli.Live;

namespace Probe.Cli.Tests.Live;

public class KeyReaderTests
{
    [Theory]
    [InlineData("q", "q")]
    [InlineData("\e[A\e[B", "Up Down")]
    [InlineData("\eOA\eOB", "Up Down")]
    [InlineData("\e[5~\e[6~\e[H\e[F\e[1~\e[4~", "PageUp PageDown Home End Home End")]
    [InlineData("\e\e[A", "Escape Up")]
    [InlineData("\f", "\f")]
    internal void Keys_are_understood(string typed, string expected) => Assert.Equal(expected, Read(typed));

    [Theory]
    [InlineData("\e[1;5C")]
    [InlineData("\e[200~\e[201~")]
    [InlineData("\eOP\e[24~")]
    [InlineData("\eq")]
    [InlineData("\e[<0;10;10M")]
    [InlineData("ä\t\r\n\b")]
    internal void What_means_nothing_is_swallowed_whole(string typed) => Assert.Equal("", Read(typed));

    [Fact]
    public void A_sequence_may_come_octet_by_octet_and_a_lone_escape_is_one()
    {
        var (reader, keys) = (new KeyReader(), new List<KeyPress>());
        foreach (var octet in "\e[5~"u8)
        {
            reader.Read([octet], keys);
        }

        Assert.Equal([new KeyPress(Key.PageUp)], keys);
        keys.Clear();
        reader.Read("\e"u8, keys);
        Assert.True(reader.IsOpen);
        Assert.Empty(keys);
        reader.Flush(keys);
        Assert.Equal([new KeyPress(Key.Escape)], keys);
    }

    [Fact]
    public void Any_octets_are_survived_and_leave_the_next_key_intact()
    {
        var random = new Random(20261121);
        for (var round = 0; round < 2000; round++)
        {
            var octets = new byte[random.Next(1, 40)];
            random.NextBytes(octets);
            var (reader, keys) = (new KeyReader(), new List<KeyPress>());
            reader.Read(octets, keys);
            reader.Flush(keys);
            keys.Clear();
            reader.Read("q"u8, keys);
            Assert.Equal([new KeyPress(Key.Sign, 'q')], keys);
        }
    }

    private static string Read(string typed)
    {
        var (reader, keys) = (new KeyReader(), new List<KeyPress>());
        reader.Read(Encoding.UTF8.GetBytes(typed), keys);
        return string.Join(' ', keys.Select(key => key.Key == Key.Sign ? key.Sign.ToString() : key.Key.ToString()));
    }
}
