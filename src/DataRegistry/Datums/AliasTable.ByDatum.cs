using System.Globalization;
using Azure;
using DataRegistry.Storage;

namespace DataRegistry.Datums;

/// <summary>The aliases that name a datum, or once did.</summary>
sealed partial class AliasTable
{
    /// <summary>
    /// The names that the datums have now, by datum, in the order of their bytes. Datums of a list's page lie close in
    /// time: one request reads a thousand names of their projects. It never sends more requests than there are datums
    /// and pages of names.
    /// </summary>
    public async Task<ILookup<DatumId, string>> NamesAsync(IEnumerable<DatumId> datums, CancellationToken cancellationToken)
    {
        var rows = await Task.WhenAll(datums.Distinct().GroupBy(d => d.Value.Partition >> 4).Select(ofSlot =>
            table.FindByPrefixAsync<AliasOfDatumRow>(
                PartitionOf(ofSlot.Key), [.. ofSlot.Select(CurrentPrefix).Order(StringComparer.Ordinal)], cancellationToken)));
        return rows.SelectMany(r => r).OrderBy(
            r => r.Name, OrderedKey.Comparer).ToLookup(r => new DatumId(TimedId.FromGuid(r.Datum)), r => r.Name);
    }

    /// <summary>The names that one datum has now.</summary>
    public async Task<IEnumerable<string>> NamesAsync(DatumId datum, CancellationToken cancellationToken) =>
        (await NamesAsync([datum], cancellationToken))[datum];

    /// <summary>
    /// The times in which aliases named the datum: the present ones first, then the past ones, newest first. Returns up
    /// to <paramref name="max"/>, and whether these are all.
    /// </summary>
    public async Task<(IReadOnlyList<AliasSpan> Spans, bool All)> SpansAsync(DatumId datum, int max, CancellationToken cancellationToken)
    {
        var partition = PartitionOf(datum.Value.Partition >> 4);
        var current = await table.FindByPrefixAsync<AliasOfDatumRow>(partition, [CurrentPrefix(datum)], cancellationToken);
        var spans = current.OrderByDescending(r => r.Since).Select(
            r => new AliasSpan(r.Alias, r.Name, r.Since, r.User, null, null)).ToList();
        var past = new TableRange(partition) { From = PastPrefix(datum), Before = PastPrefix(datum)[..^1] + '.' };
        await foreach (var row in table.ReadAsync<AliasSpanRow>(past, cancellationToken: cancellationToken))
        {
            if (spans.Count >= max)
                return (spans[..max], false);
            spans.Add(new(row.Alias, row.Name, row.Since, row.User, row.Until, row.UntilUser));
        }

        return spans.Count <= max ? (spans, true) : (spans[..max], false);
    }

    static AliasOfDatumRow OfDatum(AliasRow alias, string user) => new()
    {
        PartitionKey = alias.PartitionKey,
        RowKey = $"{CurrentPrefix(alias.DatumId)}{alias.Id:N}",
        Datum = alias.Datum,
        Alias = alias.Id,
        Name = alias.Name,
        Since = alias.MTime,
        User = user,
    };

    /// <summary>The actions for an alias that leaves its datum: the row of the present becomes a row of the past.</summary>
    static IEnumerable<TableTransactionAction> NoLonger(AliasRow before, string user, DateTimeOffset now) =>
        before.User is not { } pointedBy ? [] :
    [
        // The alias's own ETag protects this row.
        Change.Delete(before.PartitionKey, $"{CurrentPrefix(before.DatumId)}{before.Id:N}", ETag.All),
        Change.Add(new AliasSpanRow
        {
            PartitionKey = before.PartitionKey,
            RowKey = string.Create(
                CultureInfo.InvariantCulture,
                $"{PastPrefix(before.DatumId)}{~now.ToUnixTimeMilliseconds() & 0xFFFF_FFFF_FFFF:x12}-{before.Id:N}-{before.Revision:D10}"),
            Alias = before.Id,
            Name = before.Name,
            Since = before.MTime,
            User = pointedBy,
            Until = now,
            UntilUser = user,
        }),
    ];

    static string CurrentPrefix(DatumId datum) => $"d-{datum.Value.ToGuid():N}-";

    static string PastPrefix(DatumId datum) => $"p-{datum.Value.ToGuid():N}-";
}

/// <summary>A time in which an alias named a datum.</summary>
/// <param name="User">The user who pointed it there.</param>
/// <param name="Until">Null if it still does.</param>
/// <param name="UntilUser">The user who pointed it elsewhere, or deleted it.</param>
sealed record AliasSpan(Guid Alias, string Name, DateTimeOffset Since, string User, DateTimeOffset? Until, string? UntilUser);
