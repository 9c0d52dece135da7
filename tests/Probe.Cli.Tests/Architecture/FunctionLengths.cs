using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;

namespace Probe.Cli.Tests.Architecture;

/// <summary>A function of the source.</summary>
/// <param name="Head">Its first line.</param>
/// <param name="At">Number of that line.</param>
/// <param name="Lines">Lines to its end.</param>
internal readonly record struct FunctionLength(string Head, int At, int Lines);

/// <summary>Finds functions: methods, accessors, and members whose body is an expression.</summary>
internal static class FunctionLengths
{
    /// <summary>Every function of a file.</summary>
    public static IEnumerable<FunctionLength> Of(string source)
    {
        var tree = CSharpSyntaxTree.ParseText(source);
        var text = tree.GetText();
        foreach (var node in tree.GetRoot().DescendantNodes())
        {
            var attributes = node switch
            {
                BaseMethodDeclarationSyntax { Body: not null } method => method.AttributeLists,
                BaseMethodDeclarationSyntax { ExpressionBody: not null } method => method.AttributeLists,
                AccessorDeclarationSyntax { Body: not null } accessor => accessor.AttributeLists,
                AccessorDeclarationSyntax { ExpressionBody: not null } accessor => accessor.AttributeLists,
                PropertyDeclarationSyntax { ExpressionBody: not null } property => property.AttributeLists,
                IndexerDeclarationSyntax { ExpressionBody: not null } indexer => indexer.AttributeLists,
                _ => (Microsoft.CodeAnalysis.SyntaxList<AttributeListSyntax>?)null,
            };
            if (attributes is { } before)
            {
                var start = before.Count > 0 ? before[^1].GetLastToken().GetNextToken().SpanStart : node.SpanStart;
                var lines = text.Lines.GetLinePositionSpan(TextSpan.FromBounds(start, node.Span.End));
                yield return new FunctionLength(text.Lines[lines.Start.Line].ToString().Trim(), lines.Start.Line + 1, lines.End.Line - lines.Start.Line + 1);
            }
        }
    }
}
