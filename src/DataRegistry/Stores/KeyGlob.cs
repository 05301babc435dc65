using System.Diagnostics.CodeAnalysis;
using System.Text;
using DataRegistry.Stores.S3;

namespace DataRegistry.Stores;

/// <summary>
/// A pattern that whole keys match or do not: <c>*</c> stands for any characters but <c>/</c>, <c>?</c> for one character but <c>/</c>,
/// <c>**</c> for any characters at all. As a whole segment <c>**/</c> also stands for nothing, so that <c>data/**/*.csv</c> matches
/// <c>data/a.csv</c>, as elsewhere. <c>\</c> takes the next character literally; all others, brackets too, are themselves. A character is a
/// Unicode code point; neither case nor forms are folded.
/// </summary>
/// <remarks>
/// A match takes time linear in the key, and no memory (see <see cref="GlobStates"/>). Safe for concurrent use.
/// </remarks>
public sealed class KeyGlob
{
    public const int MaxLength = 1024;

    /// <summary>More of them make no pattern that somebody could read.</summary>
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

    /// <summary>The text that every matching key begins with; all of it where there are no wildcards.</summary>
    public string LiteralPrefix { get; }

    /// <summary>False if the pattern matches one key only, which is <see cref="LiteralPrefix"/>.</summary>
    public bool HasWildcards => rest is not null;

    /// <param name="cancellationToken">Ends it also within a key, since a server may list keys of any length.</param>
    public bool IsMatch(string key, CancellationToken cancellationToken = default) => rest is null
        ? key.Equals(LiteralPrefix, StringComparison.Ordinal)
        : key.StartsWith(LiteralPrefix, StringComparison.Ordinal) && rest.Accept(key.AsSpan(LiteralPrefix.Length), cancellationToken);

    /// <summary>A pattern that was parsed before, as a row keeps it.</summary>
    /// <exception cref="FormatException">It is no pattern.</exception>
    public static KeyGlob Parse(string pattern) =>
        TryParse(pattern, out var glob) ? glob : throw new FormatException($"Not a pattern: {pattern}");

    /// <summary>False for what breaks <see cref="Requirement"/>, or holds a lone surrogate, which no key does.</summary>
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

    /// <summary>Returns the index after the wildcard.</summary>
    static int AddWildcard(GlobStates.Builder states, string pattern, int start)
    {
        if (pattern[start] == '?')
        {
            states.AddAny();
            return start + 1;
        }

        // More than two stand for no more than two do.
        var end = start + 1;
        while (end < pattern.Length && pattern[end] == '*')
            end++;
        if (end == start + 1)
        {
            states.Repeat(alsoSlash: false);
            return end;
        }

        // An escaped character before it is a literal, and a literal '/' begins a segment all the same.
        if ((start > 0 && pattern[start - 1] != '/') || end == pattern.Length || pattern[end] != '/')
        {
            states.Repeat(alsoSlash: true);
            return end;
        }

        states.AddSegments();
        return end + 1;
    }
}
