using System.Diagnostics.CodeAnalysis;
using DataRegistry.Datums;

namespace DataRegistry.Datasets;

/// <summary>The name of a dataset, of a version or of an alias of versions. Names are compared byte by byte.</summary>
readonly record struct DatasetName
{
    /// <summary>The version that is the newest completed one: no version and no alias is named so.</summary>
    public const string Latest = "latest";

    public const string Requirement = "A name is 1 to 200 bytes of UTF-8 without any of ? # & + % : /, control characters and spaces at "
        + "its ends; it is not a UUID, '.' or '..'.";

    DatasetName(string value) => Value = value;

    public string Value { get; }

    /// <summary>The rules are those of new aliases of datums, because clients put both into addresses.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out DatasetName name)
    {
        var parsed = AliasName.TryParse(text, out var alias) && alias.IsPlain;
        name = parsed ? new(alias.Value) : default;
        return parsed;
    }

    public override string ToString() => Value;
}
