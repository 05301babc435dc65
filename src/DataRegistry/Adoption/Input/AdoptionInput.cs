using DataRegistry.Storage;
using DataRegistry.Stores;

namespace DataRegistry.Adoption.Input;

/// <summary>A short list of URLs, checked and sorted.</summary>
/// <param name="Keys">The keys to adopt, in the order of their UTF-8 bytes, without duplicates.</param>
/// <param name="Refused">Malformed URLs, those outside the store and excluded ones, without duplicates; and one entry
/// for each repetition.</param>
sealed record AdoptionInput(IReadOnlyList<string> Keys, IReadOnlyList<AdoptionFailure> Refused)
{
    public static AdoptionInput Sort(IReadOnlyList<string> urls, Store store, KeyGlobs exclude, CancellationToken cancellationToken)
    {
        var keys = new List<string>(urls.Count);
        var refused = new List<AdoptionFailure>();
        var seen = new HashSet<string>(urls.Count, StringComparer.Ordinal);
        foreach (var url in urls)
        {
            if (!seen.Add(url))
                refused.Add(AdoptionFailure.Duplicate(url));
            else if (Refuse(url, store, exclude, out var key, cancellationToken) is { } failure)
                refused.Add(failure);
            else
                keys.Add(key);
        }

        keys.Sort(OrderedKey.Compare);
        return new(keys, refused);
    }

    /// <summary>The reason to refuse a URL without asking for its object. Null, with its key, if there is none.</summary>
    public static AdoptionFailure? Refuse(string url, Store store, KeyGlobs exclude, out string key, CancellationToken cancellationToken)
    {
        key = "";
        if (!S3Url.TryParse(url, out var parsed))
            return AdoptionFailure.Malformed(url);
        if (!store.Holds(parsed))
            return AdoptionFailure.Outside(url, store);
        key = parsed.Key;
        return exclude.FirstMatch(key, cancellationToken) is { } pattern ? AdoptionFailure.Excluded(url, pattern) : null;
    }
}
