using Azure;
using Azure.Core;

namespace DataRegistry.Storage;

/// <summary>Where a page ends and the next one starts.</summary>
static class TableContinuation
{
    const string PartitionHeader = "x-ms-continuation-NextPartitionKey";
    const string RowHeader = "x-ms-continuation-NextRowKey";

    /// <summary>The service's two words in one: each percent-encoded, <c>&amp;</c> between them.</summary>
    public static string? Read(Response response) =>
        response.Headers.TryGetValue(PartitionHeader, out var partition)
            ? $"{Uri.EscapeDataString(partition)}&{(response.Headers.TryGetValue(RowHeader, out var row) ? Uri.EscapeDataString(row) : "")}"
            : null;

    /// <exception cref="ArgumentException">The token is none of ours.</exception>
    public static void Append(RequestUriBuilder uri, string? token)
    {
        if (token is null)
        {
            return;
        }

        // Decoded and encoded again: a token may have been a client's, and must not add parameters of its own.
        if (token.Split('&') is not [var partition, var row])
        {
            throw new ArgumentException("The continuation token is malformed.", nameof(token));
        }

        uri.AppendQuery("NextPartitionKey", Uri.EscapeDataString(Uri.UnescapeDataString(partition)), escapeValue: false);
        if (row.Length > 0)
        {
            uri.AppendQuery("NextRowKey", Uri.EscapeDataString(Uri.UnescapeDataString(row)), escapeValue: false);
        }
    }

    /// <summary>How many of the rows are before the range's end.</summary>
    /// <exception cref="InvalidOperationException">They do not ascend: then the end could be anywhere.</exception>
    public static int EndOf<T>(List<T> rows, TableRange range) where T : ITableEntity
    {
        var previous = range.From ?? range.After;
        for (var i = 0; i < rows.Count; i++)
        {
            var key = rows[i].RowKey;
            if (previous is not null && string.CompareOrdinal(key, previous) < 0)
            {
                throw new InvalidOperationException($"Partition \"{range.PartitionKey}\" is not read in ordinal order: \"{key}\" came after \"{previous}\".");
            }

            if (range.Before is not null && string.CompareOrdinal(key, range.Before) >= 0)
            {
                return i;
            }

            previous = key;
        }

        return rows.Count;
    }
}
