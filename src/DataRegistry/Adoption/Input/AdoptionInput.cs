using DataRegistry.Storage;
using DataRegistry.Stores;

namespace DataRegistry.Adoption.Input;

/// <summary>A short list of URLs, sorted out.</summary>
/// <param name="Keys">The keys to adopt, in the order of their UTF-8 bytes, none twice.</param>
/// <param name="Refused">Malformed ones, those outside the store and excluded ones, none twice; and one entry for each repetition.</param>
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

    /// <summary>Why a URL is not even looked for; null with its key where it is.</summary>
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
