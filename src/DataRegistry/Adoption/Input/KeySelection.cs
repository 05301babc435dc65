using System.Text.Json;
using System.Text.Json.Serialization;
using DataRegistry.Http;
using DataRegistry.Jobs;
using DataRegistry.Stores;

namespace DataRegistry.Adoption.Input;

/// <summary>Which keys of a bucket a prefix job adopts.</summary>
/// <param name="Prefix">What they begin with; with a pattern, its literal beginning.</param>
/// <param name="Pattern">What the whole key matches; null for anything.</param>
/// <param name="Exclude">Whoever matches one of these is left out, and not counted: it is not asked for.</param>
sealed record KeySelection(string Prefix, KeyGlob? Pattern, IReadOnlyList<KeyGlob> Exclude)
{
    public bool Matches(string key) => Pattern?.IsMatch(key) != false && !Exclude.Any(e => e.IsMatch(key));

    /// <summary>
    /// What a request asks for: <c>s3://bucket/prefix</c>, or the same with wildcards, which the whole key has to match then.
    /// </summary>
    /// <exception cref="ApiException">400: no such URL, outside of the store, or no pattern.</exception>
    public static KeySelection Parse(string url, IReadOnlyList<KeyGlob> exclude, Store store)
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
        return new(prefix, glob is { HasWildcards: true } ? glob : null, exclude);
    }

    static KeyGlob Glob(string pattern) =>
        KeyGlob.TryParse(pattern, out var glob)
            ? glob
            : throw AdoptionErrors.NotAPattern.On("prefix");

    /// <summary>The selection that a job's row holds.</summary>
    public static KeySelection Of(JobRow job) => new(
        job.Prefix ?? "",
        job.Pattern is { } pattern ? KeyGlob.Parse(pattern) : null,
        KeyPatterns.Read(job.Exclude));

    /// <summary>The job's row, with the selection in it.</summary>
    public JobRow Into(JobRow job) => job with
    {
        Prefix = Prefix,
        Pattern = Pattern?.Pattern,
        Exclude = KeyPatterns.Write(Exclude),
    };
}

/// <summary>Patterns as rows keep them: a JSON array, or null for none.</summary>
static class KeyPatterns
{
    public static string? Write(IReadOnlyList<KeyGlob> patterns) =>
        patterns.Count == 0 ? null : JsonSerializer.Serialize([.. patterns.Select(p => p.Pattern)], PatternsJson.Default.StringArray);

    public static IReadOnlyList<KeyGlob> Read(string? column) =>
        column is null ? [] : [.. JsonSerializer.Deserialize(column, PatternsJson.Default.StringArray)!.Select(KeyGlob.Parse)];
}

[JsonSerializable(typeof(string[]))]
sealed partial class PatternsJson : JsonSerializerContext;
