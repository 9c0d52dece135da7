using System.CommandLine.Parsing;
using System.CommandLine;

namespace Probe.Cli.Parsing;

/// <summary>Makes options and arguments whose errors are sentences of ours.</summary>
internal static class OptionOf
{
    /// <summary>An option with a value.</summary>
    public static Option<T> Value<T>(ValueParser<T> parser, string valueName, string description, string name, params string[] aliases) =>
        new(name, aliases)
        {
            HelpName = valueName,
            Description = description,
            Arity = ArgumentArity.ExactlyOne,
            CustomParser = result =>
                Read(result, parser, result.Parent is OptionResult { IdentifierToken: { } typed } ? typed.Value : name),
        };

    /// <summary>An option that may stand several times, each with a value; their order is kept.</summary>
    public static Option<T[]> Values<T>(ValueParser<T> parser, string valueName, string description, string name) => new(name)
    {
        HelpName = valueName,
        Description = description,
        Arity = ArgumentArity.OneOrMore,
        CustomParser = result => [.. result.Tokens.Select(token => Read(result, token.Value, parser, name)!)],
    };

    /// <summary>An option that is there or not. It takes no value: System.CommandLine would eat a host named "true".</summary>
    public static Option<bool> Flag(string description, string name, params string[] aliases) =>
        new(name, aliases) { Description = description, Arity = ArgumentArity.Zero };

    /// <summary>The one argument of a command.</summary>
    public static Argument<T> Argument<T>(ValueParser<T> parser, string name, string description) =>
        new(name) { Description = description, Arity = ArgumentArity.ExactlyOne, CustomParser = result => Read(result, parser, name) };

    /// <summary>Any number of arguments of one kind, none included.</summary>
    public static Argument<T[]> Arguments<T>(ValueParser<T> parser, string name, string description) => new(name)
    {
        Description = description,
        Arity = ArgumentArity.ZeroOrMore,
        CustomParser = result => [.. result.Tokens.Select(token => Read(result, token.Value, parser, name)!)],
    };

    /// <summary>The value that was given; null when the option was not.</summary>
    public static T? Find<T>(this ParseResult parse, Option<T> option)
        where T : struct => parse.Has(option) ? parse.GetValue(option) : null;

    /// <summary>True when the option stands on the command line.</summary>
    public static bool Has(this ParseResult parse, Option option) => parse.GetResult(option) is { Implicit: false };

    /// <summary>The value of the one flag that stands on the command line.</summary>
    /// <exception cref="UserError">There are two.</exception>
    public static T OnlyOne<T>(this ParseResult parse, T otherwise, params ReadOnlySpan<(Option<bool> Option, T Value)> choices)
    {
        (Option<bool> Option, T Value)? chosen = null;
        foreach (var choice in choices)
        {
            if (!parse.Has(choice.Option))
            {
                continue;
            }

            if (chosen is { } other)
            {
                throw UserError.Usage($"{other.Option.Name} and {choice.Option.Name} contradict each other: leave one out");
            }

            chosen = choice;
        }

        return chosen is { } one ? one.Value : otherwise;
    }

    /// <summary>The arguments of a command that takes several, each read by itself.</summary>
    public static Argument<string[]> Arguments(string name, string description) =>
        new(name) { Description = description, Arity = ArgumentArity.ZeroOrMore };

    private static T? Read<T>(ArgumentResult result, ValueParser<T> parser, string name)
    {
        return result.Tokens is [var token] ? Read(result, token.Value, parser, name) : default;
    }

    private static T? Read<T>(ArgumentResult result, string text, ValueParser<T> parser, string name)
    {
        if (parser(text, out var value, out var why))
        {
            return value;
        }

        result.AddError($"{name} '{text}' {why}");
        return default;
    }
}
