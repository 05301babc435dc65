using System.Collections.Frozen;

namespace DataRegistry.Http;

/// <summary>Values for the names in the messages of errors, for the examples of the OpenAPI document.</summary>
static class ErrorSamples
{
    const string Id = "01a20204-270c-0009-aab0-b2ea25abcaa8";

    /// <summary>The value of a name that is not in the list: most of them are numbers.</summary>
    const string Number = "100";

    static readonly FrozenDictionary<string, string> Values = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["alias"] = "latest",
        ["bucket"] = "demo",
        ["choices"] = "ndjson, csv",
        ["cluster"] = Id,
        ["contents"] = "datums and aliases",
        ["datum"] = Id,
        ["department"] = Id,
        ["end"] = "2026-12-31T00:00:00.000000Z",
        ["expected"] = "application/json",
        ["field"] = "include",
        ["from"] = "adopted_after",
        ["id"] = Id,
        ["job"] = Id,
        ["kind"] = "project",
        ["meant"] = "project",
        ["method"] = "DELETE",
        ["name"] = "demo",
        ["names"] = "store, prefix, glob, name",
        ["now"] = "2026-11-22T06:49:16.300000Z",
        ["path"] = "data/",
        ["place"] = "",
        ["prefix"] = "s3://demo/",
        ["project"] = Id,
        ["reason"] = "The reason, in one sentence",
        ["scan"] = Id,
        ["scope"] = $"project {Id}",
        ["status"] = "completed",
        ["storage_class"] = "GLACIER",
        ["store"] = "demo",
        ["text"] = "nonsense",
        ["type"] = "text/csv",
        ["uri"] = "s3://demo/readme.txt",
        ["where"] = "line 1, byte 12",
    }.ToFrozenDictionary(StringComparer.Ordinal);

    public static string Of(string name) => Values.GetValueOrDefault(name, Number);
}
