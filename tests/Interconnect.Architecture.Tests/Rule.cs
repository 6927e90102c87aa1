namespace Interconnect.Architecture.Tests;

/// <summary>Checks a rule both ways: it notices every given break, and the repository keeps it.</summary>
internal static class Rule
{
    /// <param name="violations">The rule: a line for everything that breaks it.</param>
    /// <param name="breaks">Ways to break it; each must add a line.</param>
    public static void NoticesAndHolds(Func<Codebase, IEnumerable<string>> violations, params Func<Codebase, Codebase>[] breaks)
    {
        var found = violations(Codebase.Current).Distinct().Order(StringComparer.Ordinal).ToList();
        for (var i = 0; i < breaks.Length; i++)
            Assert.True(violations(breaks[i](Codebase.Current)).Except(found).Any(), $"The rule did not notice break {i}.");

        Assert.True(found.Count == 0, string.Join(Environment.NewLine, found));
    }

    /// <summary>A break: this file is added or replaced.</summary>
    public static Func<Codebase, Codebase> Add(string path, string text) => codebase => codebase.With(path, text);

    /// <summary>A break: this text of a file becomes another one.</summary>
    public static Func<Codebase, Codebase> Change(string path, string from, string to) => codebase => codebase.With(path, text =>
        text.Contains(from, StringComparison.Ordinal)
            ? text.Replace(from, to, StringComparison.Ordinal)
            : throw new InvalidOperationException($"{path} does not contain '{from}', so this break breaks nothing."));
}
