using DataRegistry.Datums;

namespace DataRegistry.Selections;

/// <summary>
/// Purges, tags and untags the items of a window, a hundred rows per transaction. Each datum is written on its ETag,
/// with the job's id. A repeated window recognizes its earlier writes by that id.
/// </summary>
sealed class DatumChanges(DatumTable datums, LocationTable locations, TimeProvider clock)
{
    /// <returns>The items that were skipped, with the reasons.</returns>
    public async Task<IReadOnlyList<SkippedItem>> WriteAsync(
        ActionScope scope, IReadOnlyList<SelectionItem> items, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var changes = await datums.ChangeAsync(
            [.. items.Select(i => i.Id)],
            row => scope.Order.Action == SelectionAction.Purge ? PurgeOf(scope, row, now) : TagsOf(scope, row), cancellationToken);
        if (scope.Order.Action == SelectionAction.Purge)
        {
            // Include datums that were purged before: a death may have left their locations.
            var purged = items.Where(i => changes[i.Id] is not DatumChange.Skip { Code: not "already_purged" });
            foreach (var store in purged.GroupBy(i => i.Store))
                await locations.FreeAsync(store.Key, [.. store.Select(i => (i.Key, i.Id.Value.ToGuid()))], cancellationToken);
        }

        return [.. items.Where(i => changes[i.Id] is DatumChange.Skip).Select(i => Skipped(i, (DatumChange.Skip)changes[i.Id]))];
    }

    public static SkippedItem Skipped(SelectionItem item, DatumChange.Skip skip) =>
        new(item.Id, item.Uri, SkippedItem.Skipped, skip.Code, skip.Message);

    static DatumChange PurgeOf(ActionScope scope, DatumRow? row, DateTimeOffset now) =>
        row?.PurgeJob == scope.Job.Id ? new DatumChange.Done()
        : scope.SkipOf(row) ?? (row!.Purged is null
            ? DatumTable.PurgeOf(row, now, scope.Job.CreatedBy, scope.Job.Id)
            : new DatumChange.Skip("already_purged", "The datum was purged already."));

    static DatumChange TagsOf(ActionScope scope, DatumRow? row)
    {
        if (row?.TagJob == scope.Job.Id)
            return new DatumChange.Done();
        if (scope.SkipOf(row) is { } skip)
            return skip;
        var (before, given) = (DatumTags.Of(row!), scope.Order.Tags!);
        List<string> after = scope.Order.Action == SelectionAction.Tag
            ? [.. before.Union(given, StringComparer.Ordinal)]
            : [.. before.Except(given, StringComparer.Ordinal)];
        return after.Count == before.Count ? new DatumChange.Done()
            : scope.Order.Action == SelectionAction.Tag && !DatumTags.Fit(after)
                ? new DatumChange.Skip(
                    "too_many_tags", $"The datum would have over {DatumTags.MaxTags} tags, or over {DatumTags.MaxTagBytes} bytes of tags.")
            : DatumTable.TagsOf(row!, after, scope.Job.Id);
    }
}
