using System.Text;
using Azure.Core;

namespace DataRegistry.Storage;

/// <summary>The addresses and query strings of one table, percent-encoded whatever the keys hold.</summary>
sealed class TableAddress(Uri endpoint, string table)
{
    readonly string endpoint = endpoint.AbsoluteUri.TrimEnd('/');

    public string Table => $"{endpoint}/{table}";

    public string Entity(string partitionKey, string rowKey) =>
        $"{endpoint}/{table}(PartitionKey='{Literal(partitionKey)}',RowKey='{Literal(rowKey)}')";

    /// <summary>
    /// Longest upper bound that is sent along, in characters: where kinds of rows share a partition, their prefixes are short. Two long
    /// keys, each character of which is nine when percent-encoded, would outgrow request lines.
    /// </summary>
    const int MaxSentBound = 100;

    /// <summary>
    /// The rows of a partition from a lower bound on. The upper bound is not sent: with two long keys the request line
    /// would outgrow what servers take.
    /// </summary>
    /// <remarks>An upper bound beyond <see cref="MaxSentBound"/> is not in it.</remarks>
    public static string Filter(TableRange range)
    {
        if (range.From is not null && range.After is not null)
        {
            throw new ArgumentException("A range has either From or After.", nameof(range));
        }

        var filter = $"PartitionKey%20eq%20'{Literal(range.PartitionKey)}'";
        filter = range switch
        {
            { From: { } from } => $"{filter}%20and%20RowKey%20ge%20'{Literal(from)}'",
            { After: { } after } => $"{filter}%20and%20RowKey%20gt%20'{Literal(after)}'",
            _ => filter,
        };
        return range.Before is { Length: <= MaxSentBound } before ? $"{filter}%20and%20RowKey%20lt%20'{Literal(before)}'" : filter;
    }

    /// <summary>The keys always come along: they are what a range ends at.</summary>
    public static void AppendSelect(RequestUriBuilder uri, IEnumerable<string>? select)
    {
        if (select is not null)
        {
            var names = select.Concat([nameof(ITableEntity.PartitionKey), nameof(ITableEntity.RowKey)]).Distinct(StringComparer.Ordinal);
            uri.AppendQuery("$select", string.Join("%2C", names.Select(Uri.EscapeDataString)), escapeValue: false);
        }
    }

    static string Literal(string key) => Uri.EscapeDataString(WellFormed(key).Replace("'", "''", StringComparison.Ordinal));

    /// <summary>Half a surrogate pair would silently become another character on its way, and so another row.</summary>
    /// <exception cref="ArgumentException">It holds such a half.</exception>
    public static string WellFormed(string key)
    {
        for (var rest = key.AsSpan(); rest.Length > 0;)
        {
            if (Rune.DecodeFromUtf16(rest, out _, out var length) != System.Buffers.OperationStatus.Done)
            {
                throw new ArgumentException("A key holds half of a surrogate pair.", nameof(key));
            }

            rest = rest[length..];
        }

        return key;
    }
}
