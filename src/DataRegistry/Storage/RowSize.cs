using System.Buffers;
using System.Reflection;
using System.Runtime.Serialization;

namespace DataRegistry.Storage;

/// <summary>
/// The size of a row as JSON, with its names. Pages are bounded by it. A text counts with its escapes. Any other value counts as 40 bytes,
/// which none exceeds (a time with its quotes has 29, an id 38).
/// </summary>
static class RowSize
{
    /// <summary>Quotes, colon and comma.</summary>
    const int Punctuation = 6;

    const int OtherValue = 40;

    /// <summary>Characters that are one byte each: printable ASCII without the two that are escaped.</summary>
    static readonly SearchValues<char> Plain =
        SearchValues.Create([.. Enumerable.Range(' ', '~' - ' ' + 1).Select(c => (char)c).Except(['"', '\\'])]);

    public static int Of<T>(T row) where T : ITableEntity
    {
        var size = Properties<T>.Others;
        foreach (var (name, text) in Properties<T>.Texts)
        {
            if (text(row) is { } value)
                size += name + Punctuation + Of(value);
        }

        return size;
    }

    /// <summary>A text's length in JSON, in bytes, without quotes.</summary>
    public static int Of(string text)
    {
        if (text.AsSpan().IndexOfAnyExcept(Plain) < 0)
            return text.Length;
        var size = 0;
        foreach (var c in text)
        {
            // Halves of surrogate pairs, and the private characters after them, are written as \uxxxx.
            size += c switch
            {
                '"' or '\\' => 2,
                < ' ' or >= '\ud800' and <= '\uf8ff' => 6,
                < '\u0080' => 1,
                < '\u0800' => 2,
                _ => 3,
            };
        }

        return size;
    }

    static class Properties<T>
    {
        static readonly PropertyInfo[] Stored =
            [.. typeof(T).GetProperties()
                .Where(p => p.Name != nameof(ITableEntity.ETag) && !p.IsDefined(typeof(IgnoreDataMemberAttribute), inherit: false))];

        public static readonly (int Name, Func<T, string?> Text)[] Texts =
            [.. Stored.Where(p => p.PropertyType == typeof(string))
                .Select(p => (p.Name.Length, p.GetMethod!.CreateDelegate<Func<T, string?>>()))];

        public static readonly int Others = Stored.Where(p => p.PropertyType != typeof(string))
            .Sum(p => p.Name.Length + Punctuation + OtherValue);
    }
}
