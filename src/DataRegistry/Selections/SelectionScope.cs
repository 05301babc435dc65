using DataRegistry.Datums;
using DataRegistry.Organization;

namespace DataRegistry.Selections;

/// <summary>The project and the filter of a selection.</summary>
/// <param name="Filter">A datum that does not match it any more is skipped.</param>
/// <param name="Scanned">When each store's last completed scan began.</param>
record SelectionScope(Project Project, SelectionFilter Filter, IReadOnlyDictionary<Guid, DateTimeOffset> Scanned)
{
    /// <summary>Why a datum is left alone; null if it is as it was when it was selected.</summary>
    public DatumChange.Skip? SkipOf(DatumRow? row) =>
        row is null || row.Project != Project.Id ? new("gone", "The datum is not there any more.")
        : row.Purged is not null && Filter.Purged != true ? new("already_purged", "The datum was purged meanwhile.")
        : !Filter.Matches(row, Scanned) ? new("changed", "The datum has changed, so that the filter does not take it any more.")
        : null;
}
