using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Probe.Core.Vocabulary;

namespace Probe.Cli.Tests.Architecture;

/// <summary>The words that a source gives to somebody, rather than asks for.</summary>
internal static class WrittenWords
{
    /// <summary>Every kind of word.</summary>
    public static IReadOnlyList<Type> Kinds { get; } = [.. typeof(Word).Assembly.GetTypes().Where(type => type.IsEnum && type.Namespace == typeof(Word).Namespace)];

    /// <summary><c>Kind.Member</c>, each time one stands for a value: not in a pattern, behind a case, or beside <c>==</c>.</summary>
    public static IEnumerable<string> In(SyntaxNode source) => source.DescendantNodes()
        .OfType<MemberAccessExpressionSyntax>()
        .Where(member => !IsQuestion(member))
        .Select(member => $"{KindOf(member)}.{member.Name.Identifier.Text}");

    /// <summary>The source takes a number for a word of a kind, which may be any of them.</summary>
    public static bool IsCast(SyntaxNode source, string kind) => source.DescendantNodes().OfType<CastExpressionSyntax>()
        .Any(cast => cast.Type is IdentifierNameSyntax name && name.Identifier.Text == kind);

    private static string KindOf(MemberAccessExpressionSyntax member) => member.Expression switch
    {
        IdentifierNameSyntax name => name.Identifier.Text,
        MemberAccessExpressionSyntax qualified => qualified.Name.Identifier.Text,
        _ => "",
    };

    private static bool IsQuestion(MemberAccessExpressionSyntax member) => member.Parent is PatternSyntax or SwitchLabelSyntax
        || member.Parent.IsKind(SyntaxKind.EqualsExpression) || member.Parent.IsKind(SyntaxKind.NotEqualsExpression);
}
