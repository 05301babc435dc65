using DataRegistry.Stores;

namespace DataRegistry.Adoption.Input;

/// <summary>
/// Collects a request's <c>exclude</c> patterns. The first wrong one, or one too many, ends the request with its error.
/// </summary>
sealed class ExcludeList(Store store)
{
    /// <summary>The most patterns in a request.</summary>
    public const int MaxCount = 100;

    const string Field = "exclude";

    readonly string bucket = $"s3://{store.Configuration.Bucket}/";
    readonly List<KeyGlob> patterns = [];
    int bytes;

    /// <param name="text">A pattern of keys, possibly as a URL of the store's bucket.</param>
    public void Add(string? text)
    {
        if (patterns.Count == MaxCount)
            throw AdoptionErrors.TooManyPatterns.On(Field, MaxCount);
        if (!KeyGlob.TryParse(text?.StartsWith(bucket, StringComparison.Ordinal) == true ? text[bucket.Length..] : text, out var pattern))
            throw AdoptionErrors.NotAPattern.On(Field);
        bytes += KeyGlobs.BytesOf(pattern.Pattern);
        RequireFit(bytes);
        patterns.Add(pattern);
    }

    public KeyGlobs Build() => new(patterns);

    /// <param name="bytes">Bytes of all patterns of the request.</param>
    public static void RequireFit(int bytes)
    {
        if (bytes > KeyGlobs.MaxBytes)
            throw AdoptionErrors.PatternsTooLong.On(Field);
    }
}
