using System.Text;
using DataRegistry.Http;

namespace DataRegistry.Datums;

/// <summary>
/// A datum's tags: the edited ones if anyone ever edited them, otherwise those of its adoption. So a late message of
/// the adoption does not bring removed tags back.
/// </summary>
static class DatumTags
{
    public const int MaxTags = 100;
    public const int MaxTagLength = 200;

    /// <summary>Bytes of all tags together. They are in the datum's row, and lists show thousands of those.</summary>
    public const int MaxTagBytes = 8 * 1024;

    /// <summary>Bytes of an adoption's tags. A transaction of up to 4 MiB writes them with each of its hundred rows.</summary>
    public const int MaxAdoptedBytes = 4000;

    // Tags contain no control characters.
    const char Separator = '\n';

    /// <summary>Tags in the form of a column.</summary>
    public static string Write(IEnumerable<string> tags) => string.Join(Separator, tags);

    public static IReadOnlyList<string> Read(string? tags) => string.IsNullOrEmpty(tags) ? [] : tags.Split(Separator);

    public static IReadOnlyList<string> Of(IFilteredDatum datum) => Read(datum.Tags ?? datum.AdoptedTags);

    /// <summary>Whether a datum may have all of these.</summary>
    public static bool Fit(IReadOnlyCollection<string> tags) =>
        tags.Count <= MaxTags && tags.Sum(Encoding.UTF8.GetByteCount) <= MaxTagBytes;

    /// <summary>The tags of a request, without duplicates. A wrong one ends the request with 400.</summary>
    public static IReadOnlyList<string> Parse(string field, IEnumerable<string> texts)
    {
        var tags = new List<string>();
        foreach (var text in texts)
        {
            Fields.Name(field, text, MaxTagLength);
            if (tags.Contains(text, StringComparer.Ordinal))
                continue;
            if (tags.Count == MaxTags)
                throw DatumErrors.TooManyTags.On(field, MaxTags);
            tags.Add(text);
        }

        var bytes = tags.Sum(Encoding.UTF8.GetByteCount);
        return bytes <= MaxTagBytes ? tags : throw DatumErrors.TagsTooLong.On(field, bytes, MaxTagBytes);
    }

    /// <summary>The tags of an adoption in the form of its rows; null if none.</summary>
    public static string? ParseAdopted(string field, IEnumerable<string> texts)
    {
        if (Write(Parse(field, texts)) is not { Length: > 0 } tags)
            return null;
        var bytes = Encoding.UTF8.GetByteCount(tags);
        return bytes <= MaxAdoptedBytes ? tags : throw DatumErrors.TagsTooLong.On(field, bytes, MaxAdoptedBytes);
    }
}
