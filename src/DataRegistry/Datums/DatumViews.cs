using DataRegistry.Organization;

namespace DataRegistry.Datums;

/// <summary>Datums and aliases with what their rows do not hold: the datum's aliases, and whether its store was scanned since.</summary>
sealed class DatumViews(AliasTable aliases, ScannedStores scans)
{
    public async Task<DatumBody> ShowAsync(DatumRow datum, Project project, CancellationToken cancellationToken) => DatumBody.From(
        datum, project, await aliases.NamesAsync(datum.Id, cancellationToken), await scans.CompletedAsync(cancellationToken));

    /// <param name="datum">Null if the datum is not there.</param>
    public async Task<AliasBody> ShowAsync(AliasRow alias, Project project, DatumRow? datum, CancellationToken cancellationToken) =>
        AliasBody.From(
            alias, project, datum, await aliases.NamesAsync(alias.DatumId, cancellationToken),
            await scans.CompletedAsync(cancellationToken));
}
