using DataRegistry.Storage;

namespace DataRegistry.Datums;

static class PrefixSearch
{
    /// <summary>
    /// The rows whose keys begin with one of the prefixes, in order. It reads ranges like <see
    /// cref="TableSearch.FindManyAsync"/>, with no more requests than there are prefixes and pages of wanted rows.
    /// </summary>
    /// <param name="prefixes">In ordinal order; none begins with another.</param>
    public static async Task<IReadOnlyList<T>> FindByPrefixAsync<T>(
        this TableClient table, string partitionKey, IReadOnlyList<string> prefixes, CancellationToken cancellationToken = default)
        where T : class, ITableEntity
    {
        var found = new List<T>();
        string? continuation = null;
        string? after = null;
        for (var next = 0; next < prefixes.Count;)
        {
            var range = new TableRange(partitionKey)
            {
                From = after is null ? prefixes[next] : null,
                After = after,
                Before = EndOf(prefixes[^1]),
            };
            var page = await table.QueryPageAsync<T>(range, continuation, cancellationToken: cancellationToken);
            foreach (var row in page.Values)
            {
                while (next < prefixes.Count && string.CompareOrdinal(EndOf(prefixes[next]), row.RowKey) <= 0)
                    next++;
                if (next < prefixes.Count && row.RowKey.StartsWith(prefixes[next], StringComparison.Ordinal))
                    found.Add(row);
            }

            if (page.ContinuationToken is null)
                break;
            continuation = page.Values.Count == 0 ? page.ContinuationToken : null;
            // In the middle of a group its next row follows. Otherwise skip the rows before the next group.
            if (page.Values is [.., var last])
                after = next < prefixes.Count && last.RowKey.StartsWith(prefixes[next], StringComparison.Ordinal) ? last.RowKey : null;
        }

        return found;

        static string EndOf(string prefix) => prefix[..^1] + (char)(prefix[^1] + 1);
    }
}
