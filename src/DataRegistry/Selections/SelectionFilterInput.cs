using System.Text.Json;
using DataRegistry.Datums;
using DataRegistry.Http;
using DataRegistry.Stores;

namespace DataRegistry.Selections;

/// <summary>A filter as a request gives it, checked. A filter is what a purge rests on, so nothing of it is passed over.</summary>
static class SelectionFilterInput
{
    /// <summary>Of a text in a filter; a key has no more bytes.</summary>
    const int MaxLength = S3Url.MaxKeyBytes;

    const int MaxShown = 100;

    /// <summary>Of ids in a filter: the job's row keeps all of them in one column.</summary>
    public const int MaxIds = 500;

    /// <summary>The most characters of a filter as JSON: a table's column holds 32K.</summary>
    const int MaxFilterLength = 32_000;

    public static IReadOnlyList<string> Names { get; } =
    [
        "store", "prefix", "glob", "name", "name_contains", "tag", "drift", "size_min", "size_max", "job", "adopted_after",
        "adopted_before", "purged", "ids",
    ];

    /// <summary>Ends the request with 400 where it is no filter, is empty, or has what is not known.</summary>
    public static SelectionFilter Parse(JsonElement? json)
    {
        if (json is not { ValueKind: JsonValueKind.Object } filter)
            throw json is null or { ValueKind: JsonValueKind.Null or JsonValueKind.Undefined }
                ? CommonErrors.Required.On("filter")
                : CommonErrors.NotAnObject.On("filter");
        var parsed = new SelectionFilter();
        var any = false;
        foreach (var property in filter.EnumerateObject())
        {
            var name = NameOf(property);
            parsed = With(parsed, name, property.Value);
            // Every datum is purged, or is not.
            any |= name != "purged";
        }

        if (!any)
            throw SelectionErrors.EmptyFilter.On("filter", string.Join(", ", Names));
        if (parsed.SizeMin > parsed.SizeMax)
            throw SelectionErrors.NothingBetween.On("size_max", "size_min");
        if (parsed.AdoptedAfter >= parsed.AdoptedBefore)
            throw SelectionErrors.NothingBetween.On("adopted_before", "adopted_after");
        if (parsed.Write().Length > MaxFilterLength)
            throw CommonErrors.TooLong.On("filter", MaxFilterLength);
        return parsed;
    }

    static SelectionFilter With(SelectionFilter filter, string name, JsonElement value) => name switch
    {
        "store" => filter with { Store = Fields.Id(name, Text(name, value)) },
        "prefix" => WithPrefix(filter, Text(name, value)),
        "glob" => filter with { Glob = Pattern(Text(name, value)) },
        "name" => filter with { Name = Text(name, value) },
        "name_contains" => filter with { NameContains = Text(name, value) },
        "tag" => filter with { Tag = Text(name, value) },
        "drift" => filter with { Drift = Fields.WireName(Fields.Choice<DriftState>(name, Text(name, value))) },
        "size_min" => filter with { SizeMin = Number(name, value) },
        "size_max" => filter with { SizeMax = Number(name, value) },
        "job" => filter with
        {
            Job = JobId.TryParse(Text(name, value), out var job) ? job.Value.ToGuid() : throw CommonErrors.NotAnId.On(name),
        },
        "adopted_after" => filter with { AdoptedAfter = Fields.Time(name, Text(name, value), DateTimeOffset.UnixEpoch) },
        "adopted_before" => filter with { AdoptedBefore = Fields.Time(name, Text(name, value), DateTimeOffset.UnixEpoch) },
        "purged" => filter with
        {
            Purged = value.ValueKind switch
            {
                JsonValueKind.True => true,
                JsonValueKind.False => false,
                _ => throw CommonErrors.NotAFlag.On(name),
            },
        },
        "ids" => filter with { Ids = Ids(name, value) },
        _ => throw SelectionErrors.UnknownFilter.On(
            name.Length > MaxShown ? $"{name.AsSpan(0, MaxShown)}…" : name, string.Join(", ", Names)),
    };

    /// <summary>The beginning of a key, or a URL of which the bucket counts, too.</summary>
    static SelectionFilter WithPrefix(SelectionFilter filter, string prefix)
    {
        const string scheme = "s3://";
        if (!prefix.StartsWith(scheme, StringComparison.Ordinal))
            return filter with { Prefix = prefix };
        var slash = prefix.IndexOf('/', scheme.Length);
        return slash > scheme.Length
            ? filter with { Bucket = prefix[scheme.Length..slash], Prefix = prefix[(slash + 1)..] }
            : throw SelectionErrors.NotASelectedPrefix.On("prefix");
    }

    static List<DatumId> Ids(string name, JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Array)
            throw CommonErrors.NotStrings.On(name);
        if (value.GetArrayLength() is var count && count is 0 or > MaxIds)
            throw count == 0 ? CommonErrors.Required.On(name) : CommonErrors.TooManyItems.On(name, MaxIds);
        return [.. value.EnumerateArray().Select(item =>
            DatumId.TryParse(Text(name, item), out var id) ? id : throw CommonErrors.NotAnId.On(name)).Distinct()];
    }

    static string Pattern(string text) =>
        KeyGlob.TryParse(text, out _) ? text : throw SelectionErrors.NotASelectedGlob.On("glob");

    /// <summary>Null and empty text restrict nothing, so somebody meant something else.</summary>
    static string Text(string name, JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.String)
            throw CommonErrors.NotAString.On(name);
        string text;
        try
        {
            text = value.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw CommonErrors.NotUnicode.On(name);
        }

        return text.Length switch
        {
            0 => throw CommonErrors.Required.On(name),
            > MaxLength => throw CommonErrors.TooLong.On(name, MaxLength),
            _ => text,
        };
    }

    static long Number(string name, JsonElement value) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number) && number >= 0
            ? number
            : throw CommonErrors.TooSmallANumber.On(name, 0);

    static string NameOf(JsonProperty property)
    {
        try
        {
            return property.Name;
        }
        catch (InvalidOperationException)
        {
            throw CommonErrors.NotUnicode.On("filter");
        }
    }
}
