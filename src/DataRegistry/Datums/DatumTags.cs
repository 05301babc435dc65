using System.Text;
using DataRegistry.Http;

namespace DataRegistry.Datums;

/// <summary>
/// A datum's tags: those that were edited, if they ever were, otherwise those of its adoption. So a late message of the adoption brings
/// none back that was taken away.
/// </summary>
static class DatumTags
{
    public const int MaxTags = 100;
    public const int MaxTagLength = 200;

    /// <summary>Of all tags together: they stand in the datum's row, of which lists show thousands.</summary>
    public const int MaxTagBytes = 8 * 1024;

    /// <summary>
    /// Bytes of an adoption's tags: they are written with each of a hundred rows of a transaction, of which the service takes 4 MiB.
    /// </summary>
    public const int MaxAdoptedBytes = 4000;

    // Tags hold no control characters.
    const char Separator = '\n';

    /// <summary>Tags as a column keeps them.</summary>
    public static string Write(IEnumerable<string> tags) => string.Join(Separator, tags);

    public static IReadOnlyList<string> Read(string? tags) => string.IsNullOrEmpty(tags) ? [] : tags.Split(Separator);

    public static IReadOnlyList<string> Of(IFilteredDatum datum) => Read(datum.Tags ?? datum.AdoptedTags);

    /// <summary>Whether a datum may have all of these.</summary>
    public static bool Fit(IReadOnlyCollection<string> tags) =>
        tags.Count <= MaxTags && tags.Sum(Encoding.UTF8.GetByteCount) <= MaxTagBytes;

    /// <summary>Tags that a request gives, none twice; a wrong one ends the request with 400.</summary>
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

    /// <summary>The same for an adoption, as its rows keep them; null for none.</summary>
    public static string? ParseAdopted(string field, IEnumerable<string> texts)
    {
        if (Write(Parse(field, texts)) is not { Length: > 0 } tags)
            return null;
        var bytes = Encoding.UTF8.GetByteCount(tags);
        return bytes <= MaxAdoptedBytes ? tags : throw DatumErrors.TagsTooLong.On(field, bytes, MaxAdoptedBytes);
    }
}
