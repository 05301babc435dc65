using DataRegistry.Http;
using DataRegistry.Jobs;
using DataRegistry.Stores;

namespace DataRegistry.Adoption.Input;

/// <summary>The keys of a bucket that a prefix job adopts.</summary>
/// <param name="Prefix">The keys' prefix; with a pattern, its literal beginning.</param>
/// <param name="Pattern">The whole key must match it; null for any key.</param>
/// <param name="Exclude">A key that matches one of these is left out, and not counted.</param>
sealed record KeySelection(string Prefix, KeyGlob? Pattern, KeyGlobs Exclude)
{
    /// <summary>
    /// The pattern that leaves a key out: one of <see cref="Exclude"/>, or <see cref="Pattern"/>, which it does not match. Null for a key
    /// that is wanted.
    /// </summary>
    public KeyGlob? LeavesOut(string key, CancellationToken cancellationToken) =>
        Pattern?.IsMatch(key, cancellationToken) == false ? Pattern : Exclude.FirstMatch(key, cancellationToken);

    /// <summary>Parses <c>s3://bucket/prefix</c>, or the same with wildcards, which the whole key must match then.</summary>
    /// <exception cref="ApiException">400: a malformed URL or pattern, one outside of the store, or too many
    /// patterns.</exception>
    public static KeySelection Parse(string url, KeyGlobs exclude, Store store)
    {
        const string scheme = "s3://";
        var slash = url.StartsWith(scheme, StringComparison.Ordinal) ? url.IndexOf('/', scheme.Length) : -1;
        if (slash <= scheme.Length)
            throw AdoptionErrors.NotAPrefix.On("prefix");
        var text = url[(slash + 1)..];
        var glob = text.Length == 0 ? null : Glob(text);
        var prefix = glob?.LiteralPrefix ?? "";
        if (url[scheme.Length..slash] != store.Configuration.Bucket || !prefix.StartsWith(store.Prefix, StringComparison.Ordinal))
            throw AdoptionErrors.PrefixOutside.On("prefix", store.Name, store.UriPrefix);
        var pattern = glob is { HasWildcards: true } ? glob : null;
        if (pattern is not null)
            ExcludeList.RequireFit(exclude.Patterns.Append(pattern).Sum(p => KeyGlobs.BytesOf(p.Pattern)));
        return new(prefix, pattern, exclude);
    }

    static KeyGlob Glob(string pattern) =>
        KeyGlob.TryParse(pattern, out var glob)
            ? glob
            : throw AdoptionErrors.NotAPattern.On("prefix");

    /// <summary>The selection of a job's row.</summary>
    public static KeySelection Of(JobRow job) => new(
        job.Prefix ?? "",
        job.Pattern is { } pattern ? KeyGlob.Parse(pattern) : null,
        KeyGlobs.Read(job.Exclude));

    /// <summary>The job's row, with the selection in it.</summary>
    public JobRow Into(JobRow job) => job with
    {
        Prefix = Prefix,
        Pattern = Pattern?.Pattern,
        Exclude = Exclude.Write(),
    };
}
