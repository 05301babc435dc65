using System.Diagnostics.CodeAnalysis;
using DataRegistry.Datums;
using DataRegistry.Stores;

namespace DataRegistry.Datasets;

/// <summary>How a request names a datum.</summary>
abstract record DatumReference
{
    DatumReference()
    {
    }

    public sealed record ById(DatumId Id) : DatumReference;

    public sealed record ByAlias(AliasName Name) : DatumReference;

    /// <summary>The datum at a URL.</summary>
    public sealed record ByUrl(S3Url Url) : DatumReference;

    /// <summary>An id or an alias, with <c>datum://</c> before it or not, or an <c>s3://</c> URL.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out DatumReference? reference)
    {
        const string scheme = "datum://";
        reference = text switch
        {
            null => null,
            _ when DatumId.TryParse(text, out var id) => new ById(id),
            _ when S3Url.TryParse(text, out var url) => new ByUrl(url),
            _ when AliasName.TryParse(text.StartsWith(scheme, StringComparison.Ordinal) ? text[scheme.Length..] : text, out var name) =>
                new ByAlias(name),
            _ => null,
        };
        return reference is not null;
    }
}
