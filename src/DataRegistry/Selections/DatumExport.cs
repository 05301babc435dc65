using DataRegistry.Datums;
using DataRegistry.Selections.Exports;

namespace DataRegistry.Selections;

/// <summary>Writes the datums of a selection to files.</summary>
sealed class DatumExport(DatumTable datums, AliasTable aliases)
{
    /// <returns>The items that were left out, with the reasons.</returns>
    public async Task<IReadOnlyList<SkippedItem>> WriteAsync(
        ActionScope scope, IReadOnlyList<SelectionItem> items, WindowFiles<ExportRow> files, CancellationToken cancellationToken)
    {
        var skipped = new List<SkippedItem>();
        foreach (var some in SelectionItem.ByRows(items))
        {
            var rows = await datums.FindAsync([.. some.Select(i => i.Id)], cancellationToken);
            var names = await aliases.NamesAsync(some.Select(i => i.Id), cancellationToken);
            foreach (var item in some)
            {
                if (scope.SkipOf(rows.GetValueOrDefault(item.Id)) is { } skip)
                    skipped.Add(DatumChanges.Skipped(item, skip));
                else
                    await files.AddAsync(ExportRow.From(rows[item.Id], names[item.Id], scope.Scanned), cancellationToken);
            }
        }

        return skipped;
    }
}
