using DataRegistry.Storage;
using DataRegistry.Stores;

namespace DataRegistry.Adoption;

/// <summary>A list of URLs, sorted out.</summary>
/// <param name="Total">All of them, repeated ones too.</param>
/// <param name="Keys">The keys to adopt, in the order of their UTF-8 bytes, none twice.</param>
/// <param name="Refused">Malformed ones and those outside the store, none twice; and one entry for each repetition.</param>
sealed record AdoptionInput(int Total, IReadOnlyList<string> Keys, IReadOnlyList<AdoptionFailure> Refused)
{
    public static AdoptionInput Sort(IReadOnlyList<string?> urls, Store store)
    {
        var keys = new List<string>(urls.Count);
        var refused = new List<AdoptionFailure>();
        var seen = new HashSet<string>(urls.Count, StringComparer.Ordinal);
        foreach (var url in urls)
        {
            if (!seen.Add(url ?? ""))
                refused.Add(AdoptionFailure.Duplicate(url ?? ""));
            else if (!S3Url.TryParse(url, out var parsed))
                refused.Add(AdoptionFailure.Malformed(url));
            else if (!store.Holds(parsed))
                refused.Add(AdoptionFailure.Outside(url!, store));
            else
                keys.Add(parsed.Key);
        }

        keys.Sort(OrderedKey.Compare);
        return new(urls.Count, keys, refused);
    }
}
