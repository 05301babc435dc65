using System.Diagnostics.CodeAnalysis;

namespace DataRegistry.Datasets;

/// <summary><c>dataset://name/version</c>, where the version is a name, an alias, or <c>latest</c>.</summary>
readonly record struct DatasetUri(DatasetName Dataset, DatasetName Version)
{
    const string Scheme = "dataset://";

    public bool IsLatest => Version.Value == DatasetName.Latest;

    public static bool TryParse([NotNullWhen(true)] string? text, out DatasetUri uri)
    {
        uri = default;
        if (text?.StartsWith(Scheme, StringComparison.Ordinal) != true
            || text[Scheme.Length..].Split('/') is not [var dataset, var version]
            || !DatasetName.TryParse(dataset, out var first) || !DatasetName.TryParse(version, out var second))
            return false;
        uri = new(first, second);
        return true;
    }

    public override string ToString() => Of(Dataset.Value, Version.Value);

    /// <summary>The URI of names that a row has.</summary>
    /// <param name="version">A version's name, or an alias's.</param>
    public static string Of(string dataset, string version) => $"{Scheme}{dataset}/{version}";
}
