using System.Text.Json;
using System.Text.Json.Serialization;
using DataRegistry.Datums;
using DataRegistry.Http;
using DataRegistry.Storage;
using DataRegistry.Stores;

namespace DataRegistry.Selections;

/// <summary>The filter of a selection, as its job keeps it. A property that is null restricts nothing.</summary>
sealed record SelectionFilter
{
    KeyGlob? pattern;

    /// <summary>These datums, of which the other properties may leave some out.</summary>
    public IReadOnlyList<DatumId>? Ids { get; init; }

    public Guid? Store { get; init; }

    /// <summary>Of a prefix that was given as a URL.</summary>
    public string? Bucket { get; init; }
    public string? Prefix { get; init; }

    /// <summary>A pattern that the whole key must match.</summary>
    public string? Glob { get; init; }

    /// <summary>The key's last segment.</summary>
    public string? Name { get; init; }
    public string? NameContains { get; init; }
    public string? Tag { get; init; }

    /// <summary>A state by its name on the wire.</summary>
    public string? Drift { get; init; }
    public long? SizeMin { get; init; }
    public long? SizeMax { get; init; }

    /// <summary>The adoption, or the scan, that created them.</summary>
    public Guid? Job { get; init; }

    /// <summary>Adopted at this time or later.</summary>
    public DateTimeOffset? AdoptedAfter { get; init; }

    /// <summary>Adopted before this time.</summary>
    public DateTimeOffset? AdoptedBefore { get; init; }

    /// <summary>Only purged ones; null or false for only the others.</summary>
    public bool? Purged { get; init; }

    /// <summary>The row keys that matching datums may have.</summary>
    [JsonIgnore]
    public DatumSpan Span =>
        Job is { } job ? DatumSpan.Of(new(TimedId.FromGuid(job))) : DatumSpan.Between(AdoptedAfter, AdoptedBefore);

    /// <summary>Whether all but <see cref="Ids"/> takes a datum: those are read by name.</summary>
    /// <param name="scanned">When the last scan of each store began that was completed.</param>
    public bool Matches(ISelectableDatum datum, IReadOnlyDictionary<Guid, DateTimeOffset> scanned)
    {
        var key = datum.Key ?? "";
        return (datum.Purged is not null) == (Purged == true)
            && (Store is null || datum.Store == Store)
            && (Bucket is null || datum.Bucket == Bucket)
            && (Prefix is null || key.StartsWith(Prefix, StringComparison.Ordinal))
            && (Name is null || DatumBody.NameOf(key) == Name)
            && (NameContains is null || DatumBody.NameOf(key).Contains(NameContains, StringComparison.Ordinal))
            && !(datum.Size < SizeMin) && !(datum.Size > SizeMax)
            && (Job is null || datum.Job == Job)
            && IsOfTime(datum)
            && (Tag is null || DatumTags.Of(datum).Contains(Tag, StringComparer.Ordinal))
            && (Drift is null || Fields.WireName(DriftBody.StateOf(datum, scanned)) == Drift)
            && (Glob is null || (pattern ??= KeyGlob.Parse(Glob)).IsMatch(key));
    }

    bool IsOfTime(ISelectableDatum datum)
    {
        if (AdoptedAfter is null && AdoptedBefore is null)
            return true;
        var time = TimedId.FromRowKey(0, datum.RowKey).Time;
        return !(time < AdoptedAfter) && !(time >= AdoptedBefore);
    }

    public string Write() => JsonSerializer.Serialize(this, SelectionStateJson.Default.SelectionFilter);

    public static SelectionFilter Read(string? text) =>
        JsonSerializer.Deserialize(text ?? "{}", SelectionStateJson.Default.SelectionFilter)!;
}

/// <summary>The JSON of selections in rows of jobs.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true)]
[JsonSerializable(typeof(SelectionFilter))]
[JsonSerializable(typeof(SelectionOrder))]
sealed partial class SelectionStateJson : JsonSerializerContext;
