using System.Globalization;
using System.Text;
using Probe.Core.Packets;
using Probe.Core.Vocabulary;

namespace Probe.Core.Health;

/// <summary>
/// What makes a check the same check from one reading of a configuration to the next: where it goes, by which tunnel, what is asked and
/// what is expected. Its name, how often it is made, how long it may take and what it weighs are no part of it. Two targets with one
/// key are one check on the wire.
/// </summary>
/// <param name="Text">The same in words: <c>http 192.0.2.1:80 via ipip:10.0.0.7 path /healthz</c>.</param>
public readonly record struct CheckKey(string Text)
{
    /// <summary>The key of a target.</summary>
    public static CheckKey Of(CheckTarget target)
    {
        ArgumentNullException.ThrowIfNull(target);
        var question = target.Question;
        var text = new StringBuilder();
        text.Append(Word.Of(question.Kind)).Append(' ')
            .Append(CultureInfo.InvariantCulture, $"{(target.Address.IsV6 ? $"[{target.Address}]" : target.Address)}");
        if (question.Kind != CheckKind.Icmp)
        {
            text.Append(CultureInfo.InvariantCulture, $":{target.Port}");
        }

        foreach (var layer in target.Via.Layers)
        {
            Add("via", EncapsulationText.Of(layer));
        }

        if (question.Kind is CheckKind.Tls or CheckKind.Http || question.Tls)
        {
            Add("host", question.ServerName ?? target.Host);
        }

        Add("tls", question.Tls && question.Kind != CheckKind.Tls ? "on" : null);
        Add("path", question.Kind == CheckKind.Http ? question.HttpPath : null);
        Add("send", question.Send.IsEmpty ? null : Convert.ToHexString(question.Send.Span));
        Add("silence", question.SilenceIsUp ? "up" : null);
        Add("state", question.Expected == ExpectedState.Up ? null : Word.Of(question.Expected));

        // Last, as it alone may hold blanks.
        Add("expect", question.Expect?.Text);
        return new CheckKey(text.ToString());

        void Add(string name, string? value)
        {
            if (value is not null)
            {
                text.Append(' ').Append(name).Append(' ').Append(value);
            }
        }
    }

    /// <inheritdoc/>
    public override string ToString() => Text;
}
