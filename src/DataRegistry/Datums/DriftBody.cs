using DataRegistry.Http;
using DataRegistry.Organization;
using DataRegistry.Storage;
using DataRegistry.Stores;

namespace DataRegistry.Datums;

/// <summary>Whether the adopted object is still at its URL, as far as scans know.</summary>
/// <param name="State"><c>none</c>, <c>changed</c>, <c>missing</c>, or <c>unknown</c> if no completed scan began after
/// the adoption.</param>
/// <param name="Since">When a scan first found the state; null for none and unknown.</param>
/// <param name="Was">The adopted object; null for none and unknown.</param>
/// <param name="Is">The object at the URL now, if it has changed.</param>
sealed record DriftBody(string State, DateTimeOffset? Since, DriftObjectBody? Was, DriftObjectBody? Is)
{
    /// <param name="scanned">When each store's last completed scan began.</param>
    public static DriftBody From(DatumRow row, IReadOnlyDictionary<Guid, DateTimeOffset> scanned)
    {
        var state = StateOf(row, scanned);
        return state is DriftState.Changed or DriftState.Missing
            ? new(
                Fields.WireName(state), row.DriftSince,
                DriftObjectBody.From(new(row.ObjectETag, row.Size, row.VersionId, row.LastModified)),
                row.DriftIs is { } there ? DriftObjectBody.From(there) : null)
            : new(Fields.WireName(state), null, null, null);
    }

    public static DriftState StateOf(IFilteredDatum datum, IReadOnlyDictionary<Guid, DateTimeOffset> scanned) =>
        datum.Drift is DriftState.Changed or DriftState.Missing ? datum.Drift.Value
        : datum.Store is { } store && scanned.TryGetValue(store, out var begun) && begun >= TimedId.FromRowKey(0, datum.RowKey).Time
            ? DriftState.None
        : DriftState.Unknown;
}

/// <param name="VersionId">Null if the bucket keeps no versions.</param>
sealed record DriftObjectBody(string Etag, long? Size, string? VersionId, DateTimeOffset? LastModified)
{
    public static DriftObjectBody From(DriftFacts facts) => new(facts.ETag, facts.Size, facts.VersionId, facts.LastModified);
}

/// <summary>When stores were last scanned. Reads the rows of all stores, at most every 15 seconds.</summary>
sealed class ScannedStores(ScanTable scans, TimeProvider clock)
{
    readonly ExpiringCache<string, IReadOnlyDictionary<Guid, DateTimeOffset>> recent = new(clock, TimeSpan.FromSeconds(15));

    /// <summary>When each store's last completed scan began. Stores without one are left out.</summary>
    public async ValueTask<IReadOnlyDictionary<Guid, DateTimeOffset>> CompletedAsync(CancellationToken cancellationToken) =>
        (await recent.GetAsync(
            "", async token => (await scans.ListAsync(token)).Where(
                s => s.Value.Completed is not null).ToDictionary(s => s.Key, s => s.Value.Completed!.Value), cancellationToken))!;

    /// <summary>Call after a scan is completed, so that it shows at once.</summary>
    public void Forget() => recent.Forget("");
}
