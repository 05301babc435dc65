using DataRegistry.Datums;
using DataRegistry.Jobs;
using DataRegistry.Stores;

namespace DataRegistry.Selections;

/// <summary>A datum of a selection, as it was frozen.</summary>
sealed record SelectionItem(DatumId Id, Guid Store, string Bucket, string Key, long Size) : IJobResult
{
    public static SelectionItem Of(ISelectableDatum datum, DatumId id) =>
        new(id, datum.Store ?? Guid.Empty, datum.Bucket ?? "", datum.Key ?? "", datum.Size);

    /// <summary>
    /// The items in the order of their datums' rows, as many at a time as a request reads. Rows of neighbouring ids lie together.
    /// </summary>
    public static IEnumerable<SelectionItem[]> ByRows(IEnumerable<SelectionItem> items) => items
        .OrderBy(i => i.Id.Value.Partition).ThenBy(i => i.Id.Value.RowKey, StringComparer.Ordinal).Chunk(Storage.Tables.MaxPageRows);

    public string Uri => new S3Url(Bucket, Key).ToString();

    string IJobResult.Outcome => "done";
}

/// <summary>A datum of a selection that a job skipped.</summary>
/// <param name="Outcome">Always <c>skipped</c>.</param>
sealed record SkippedItem(DatumId Id, string Uri, string Outcome, string Code, string Message) : IJobResult
{
    public const string Skipped = "skipped";
}
