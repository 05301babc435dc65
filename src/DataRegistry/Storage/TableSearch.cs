namespace DataRegistry.Storage;

public static class TableSearch
{
    /// <summary>The service's own limit of rows in a page.</summary>
    const int MaxPage = 1000;
    const int MinPage = 8;

    /// <summary>Rows that are read one by one before a page is tried again: doubles up to this while pages are not worth it.</summary>
    const int MaxPoints = 64;

    /// <summary>
    /// The existing ones of the wanted rows, by row key. If the keys are close together, it reads ranges: a page
    /// answers for every wanted key up to its last row, and the next page begins at the next wanted key. Otherwise it
    /// reads the rows one by one, the cheapest request. So it takes no more requests than there are wanted keys, and a
    /// thousandth of that at best.
    /// </summary>
    /// <param name="rowKeys">In ordinal order, without duplicates.</param>
    /// <param name="before">The beginning of rows of another kind, which are not read; null for none.</param>
    public static async Task<Dictionary<string, T>> FindManyAsync<T>(
        this TableClient table, string partitionKey, IReadOnlyList<string> rowKeys, IEnumerable<string>? select = null,
        string? before = null, CancellationToken cancellationToken = default)
        where T : class, ITableEntity
    {
        var found = new Dictionary<string, T>(StringComparer.Ordinal);
        string? continuation = null;
        var pageSize = MaxPage;
        var (points, stretch) = (rowKeys.Count == 1 ? 1 : 0, 0);
        for (var next = 0; next < rowKeys.Count;)
        {
            if (points > 0)
            {
                if (await table.FindAsync<T>(partitionKey, rowKeys[next], select, cancellationToken) is { } row)
                    found.Add(row.RowKey, row);
                (next, points) = (next + 1, points - 1);
                continue;
            }

            var first = next;
            pageSize = Math.Min(pageSize, 2 * (rowKeys.Count - next));
            var page = await table.QueryPageAsync<T>(
                new TableRange(partitionKey) { From = rowKeys[next], Before = before }, continuation, pageSize, select, cancellationToken);
            foreach (var row in page.Values)
            {
                while (next < rowKeys.Count && string.CompareOrdinal(rowKeys[next], row.RowKey) < 0)
                    next++;
                if (next < rowKeys.Count && rowKeys[next] == row.RowKey)
                {
                    found.Add(row.RowKey, row);
                    next++;
                }
            }

            if (page.ContinuationToken is null)
                break;
            // If few rows of a page are wanted, do not read a thousand at a time between them.
            pageSize = Math.Clamp(2 * (next - first), MinPage, MaxPage);
            // A page may be empty and yet not the last: only then the service's own token is needed to get on.
            continuation = page.Values.Count == 0 ? page.ContinuationToken : null;
            stretch = page.Values.Count > 0 && next - first <= 1 ? Math.Clamp(2 * stretch, MinPage, MaxPoints) : 0;
            points = stretch;
        }

        return found;
    }
}
