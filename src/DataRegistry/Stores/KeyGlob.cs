using System.Diagnostics.CodeAnalysis;
using System.Text;
using DataRegistry.Stores.S3;

namespace DataRegistry.Stores;

/// <summary>
/// A pattern that matches whole keys. <c>*</c> stands for any characters except <c>/</c>, <c>?</c> for one character
/// except <c>/</c>, <c>**</c> for any characters at all. As a whole segment <c>**/</c> also stands for nothing:
/// <c>data/**/*.csv</c> matches <c>data/a.csv</c>. <c>\</c> takes the next character literally. All other characters,
/// brackets too, are themselves. A character is a Unicode code point. The match is case-sensitive and does not
/// normalize.
/// </summary>
/// <remarks>
/// A match takes time linear in the key, and no memory (see <see cref="GlobStates"/>). Safe for concurrent use.
/// </remarks>
public sealed class KeyGlob
{
    public const int MaxLength = 1024;

    /// <summary>A pattern with more wildcards is beyond what a person can read.</summary>
    public const int MaxWildcards = 32;

    public const string Requirement =
        "A pattern has 1 to 1024 characters, at most 32 of '*', '**' and '?', and does not end with a single '\\'.";

    readonly GlobStates? rest;

    KeyGlob(string pattern, string literalPrefix, GlobStates? rest)
    {
        Pattern = pattern;
        LiteralPrefix = literalPrefix;
        this.rest = rest;
    }

    public string Pattern { get; }

    /// <summary>The text that every matching key begins with; the whole pattern if it has no wildcards.</summary>
    public string LiteralPrefix { get; }

    /// <summary>False if the pattern matches one key only, which is <see cref="LiteralPrefix"/>.</summary>
    public bool HasWildcards => rest is not null;

    /// <param name="cancellationToken">Checked within a key too, because a server may list keys of any length.</param>
    public bool IsMatch(string key, CancellationToken cancellationToken = default) => rest is null
        ? key.Equals(LiteralPrefix, StringComparison.Ordinal)
        : key.StartsWith(LiteralPrefix, StringComparison.Ordinal) && rest.Accept(key.AsSpan(LiteralPrefix.Length), cancellationToken);

    /// <summary>Parses a pattern that was accepted before and kept in a row.</summary>
    /// <exception cref="FormatException">The text is no pattern.</exception>
    public static KeyGlob Parse(string pattern) =>
        TryParse(pattern, out var glob) ? glob : throw new FormatException($"Not a pattern: {pattern}");

    /// <summary>False if the text breaks <see cref="Requirement"/>, or has a lone surrogate, which no key contains.</summary>
    public static bool TryParse([NotNullWhen(true)] string? pattern, [NotNullWhen(true)] out KeyGlob? glob)
    {
        glob = null;
        if (pattern is null or "" || pattern.Length > MaxLength || !ObjectKey.CanExist(pattern))
            return false;
        var literal = new StringBuilder();
        var states = new GlobStates.Builder();
        var wildcards = 0;
        for (var i = 0; i < pattern.Length;)
        {
            if (pattern[i] is '*' or '?')
            {
                wildcards++;
                i = AddWildcard(states, pattern, i);
                continue;
            }

            if (pattern[i] == '\\' && ++i == pattern.Length)
                return false;
            var rune = Rune.GetRuneAt(pattern, i);
            i += rune.Utf16SequenceLength;
            if (wildcards == 0)
                literal.Append(rune.ToString());
            else
                states.Add(rune);
        }

        if (wildcards > MaxWildcards)
            return false;
        glob = new(pattern, literal.ToString(), wildcards == 0 ? null : states.Build());
        return true;
    }

    /// <summary>Adds the wildcard at <paramref name="start"/> and returns the index after it.</summary>
    static int AddWildcard(GlobStates.Builder states, string pattern, int start)
    {
        if (pattern[start] == '?')
        {
            states.AddAny();
            return start + 1;
        }

        // Three stars or more mean the same as two.
        var end = start + 1;
        while (end < pattern.Length && pattern[end] == '*')
            end++;
        if (end == start + 1)
        {
            states.Repeat(alsoSlash: false);
            return end;
        }

        // A '/' begins a segment even if it was written with a backslash.
        if ((start > 0 && pattern[start - 1] != '/') || end == pattern.Length || pattern[end] != '/')
        {
            states.Repeat(alsoSlash: true);
            return end;
        }

        states.AddSegments();
        return end + 1;
    }
}
