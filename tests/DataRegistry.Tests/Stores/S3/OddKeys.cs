using System.Text;

namespace DataRegistry.Tests.Stores.S3;

/// <summary>Keys that S3 accepts and much software damages.</summary>
static class OddKeys
{
    public static readonly IReadOnlyList<string> All =
    [
        "plain", "a b", "a+b", "a%2Fb", "a%2fb", "a%20b", "a#b", "a?b", "a?versionId=x", "a&b=c", "a'b\"c", "a\\b", "a;b,c:d@e$f", "<a>",
        "%", "%zz", "%25",
        "a|b{}[]^`~!*()", " leading", "trailing ", "trailing/", "lead", "/lead", "//lead", "/", "//", "///", ".", "..", "./x", "../x", "x",
        "a/../x", "a/./x", "a/..", "a/.", "a/...", "a//x", "a/x",
        "x/%2e%2e/y", "y", "\u00e9", "e\u0301", "\u65e5\u672c", "\U0001F600", "\uFF21", "\uFFFD", "\uE000", "tab\tx", "line\nx",
        "return\rx", "\u0001", "\u007f", "\u0085", "\u200e\u202e",
        new string('k', 1024), string.Concat(Enumerable.Repeat("\u65e5", 341)), new string('/', 1024),
        string.Concat(Enumerable.Repeat("%+ ", 341)),
    ];

    public static int CompareBytes(string a, string b) => Encoding.UTF8.GetBytes(a).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(b));

    /// <summary>The order of S3's lists.</summary>
    public static IReadOnlyList<string> InByteOrder(this IEnumerable<string> keys) =>
        [.. keys.Order(Comparer<string>.Create(CompareBytes))];
}
