using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Interconnect.Architecture.Tests;

/// <summary>A parsed C# file. Tokens leave comments and documentation out, and a string is one token.</summary>
internal sealed record SourceFile(string Path, string Project, string Text, SyntaxNode Root, IReadOnlyList<SyntaxToken> Tokens)
{
    private static readonly CSharpParseOptions Options = new(LanguageVersion.Preview);

    public int LineCount { get; } = Text.AsSpan().Count('\n');

    /// <summary>All syntax nodes; walked once, as every rule looks at them several times.</summary>
    public IReadOnlyList<SyntaxNode> Nodes => field ??= [.. Root.DescendantNodes()];

    /// <summary>Comments, regions and blanks between the tokens.</summary>
    public IReadOnlyList<SyntaxTrivia> Trivia => field ??= [.. Root.DescendantTrivia()];

    /// <summary>Types declared here: classes, structs, records, interfaces, enums and delegates.</summary>
    public IEnumerable<string> DeclaredTypes =>
        Nodes.OfType<BaseTypeDeclarationSyntax>().Select(type => type.Identifier.Text)
            .Concat(Nodes.OfType<DelegateDeclarationSyntax>().Select(type => type.Identifier.Text));

    /// <summary>Types that other projects can name, declared directly in this namespace.</summary>
    public IEnumerable<string> PublicTypesIn(string @namespace) =>
        Nodes.OfType<FileScopedNamespaceDeclarationSyntax>().Where(declaration => declaration.Name.ToString() == @namespace)
            .SelectMany(declaration => declaration.Members.OfType<BaseTypeDeclarationSyntax>())
            .Where(type => type.Modifiers.Any(SyntaxKind.PublicKeyword)).Select(type => type.Identifier.Text);

    public IReadOnlySet<string> Identifiers =>
        field ??= Tokens.Where(token => token.IsKind(SyntaxKind.IdentifierToken)).Select(token => token.ValueText).ToHashSet();

    public IReadOnlyList<string> Comments => field ??= [.. Trivia.Where(IsComment).Select(trivia => trivia.ToFullString())];

    public static SourceFile Parse(string path, string text)
    {
        var root = CSharpSyntaxTree.ParseText(text, Options).GetRoot();
        var parts = path.Split('/');
        return new(path, parts.Length > 2 ? parts[1] : "", text, root, [.. root.DescendantTokens()]);
    }

    /// <summary>The dotted names that start with this identifier, cut after so many parts, wherever they occur in code.</summary>
    public IEnumerable<string> NamesFrom(string first, int parts)
    {
        for (var i = 0; i < Tokens.Count; i++)
        {
            if (Tokens[i].ValueText != first || !Tokens[i].IsKind(SyntaxKind.IdentifierToken) || IsAfterDot(i))
                continue;

            var name = first;
            for (var part = 1; part < parts && IsDotted(i + ((part - 1) * 2)); part++)
                name += "." + Tokens[i + (part * 2)].ValueText;

            yield return name;
        }
    }

    private static bool IsComment(SyntaxTrivia trivia) => trivia.Kind() is SyntaxKind.SingleLineCommentTrivia
        or SyntaxKind.MultiLineCommentTrivia
        or SyntaxKind.SingleLineDocumentationCommentTrivia
        or SyntaxKind.MultiLineDocumentationCommentTrivia;

    private bool IsAfterDot(int index) => index > 0 && Tokens[index - 1].IsKind(SyntaxKind.DotToken);

    private bool IsDotted(int index) =>
        index + 2 < Tokens.Count && Tokens[index + 1].IsKind(SyntaxKind.DotToken) && Tokens[index + 2].IsKind(SyntaxKind.IdentifierToken);
}
