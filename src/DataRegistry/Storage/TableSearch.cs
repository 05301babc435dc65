namespace DataRegistry.Storage;

public static class TableSearch
{
    /// <summary>The service's own limit of rows in a page.</summary>
    const int MaxPage = 1000;
    const int MinPage = 8;

    /// <summary>The most rows that are read one by one before a page is tried again. The number doubles while pages cost more.</summary>
    const int MaxPoints = 64;

    /// <summary>
    /// The existing rows among the wanted ones, by row key. If the keys lie close together, it reads ranges: a page answers for every
    /// wanted key up to its last row, and the next page begins at the next wanted key. Otherwise it reads the rows one by one, which is
    /// the cheapest kind of request. It takes at most one request for each wanted key, and at best a thousandth of that.
    /// </summary>
    /// <param name="rowKeys">In ordinal order, none twice.</param>
    /// <param name="before">The row key at which rows of another kind begin; null for none. They are not read.</param>
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
            // If few rows of a page are wanted, do not read the rows between them a thousand at a time.
            pageSize = Math.Clamp(2 * (next - first), MinPage, MaxPage);
            // A page may be empty and not the last. Only then the next page needs the service's token.
            continuation = page.Values.Count == 0 ? page.ContinuationToken : null;
            stretch = page.Values.Count > 0 && next - first <= 1 ? Math.Clamp(2 * stretch, MinPage, MaxPoints) : 0;
            points = stretch;
        }

        return found;
    }
}
