using DataRegistry.Organization;

namespace DataRegistry.Datums;

/// <summary>
/// Completes datums and aliases with facts from other rows: the datum's aliases, and when its store was scanned.
/// </summary>
sealed class DatumViews(AliasTable aliases, ScannedStores scans)
{
    public async Task<DatumBody> ShowAsync(DatumRow datum, Project project, CancellationToken cancellationToken) => DatumBody.From(
        datum, project, await aliases.NamesAsync(datum.Id, cancellationToken), await scans.CompletedAsync(cancellationToken));

    /// <param name="datum">Null if the datum does not exist.</param>
    public async Task<AliasBody> ShowAsync(AliasRow alias, Project project, DatumRow? datum, CancellationToken cancellationToken) =>
        AliasBody.From(
            alias, project, datum, await aliases.NamesAsync(alias.DatumId, cancellationToken),
            await scans.CompletedAsync(cancellationToken));
}
