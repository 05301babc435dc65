using System.Buffers;
using System.Text;
using System.Text.Json;

namespace DataRegistry.Storage;

/// <summary>
/// An entity group transaction in the making: changes of different rows of one partition, filled up to what the service
/// takes. Each action is written into the request body as it is added, so that <see cref="Bytes"/> is exact. One thread at a time.
/// </summary>
public sealed class TableTransaction : IDisposable
{
    // Fixed: a boundary counts only at the start of a line, and neither JSON nor an encoded address holds a line break.
    const string Boundary = "8a28b51f-7e0e-45b5-9e43-4c3e4e0f5f1d";
    internal const string ContentType = $"multipart/mixed; boundary=batch_{Boundary}";

    static ReadOnlySpan<byte> Head => "--batch_8a28b51f-7e0e-45b5-9e43-4c3e4e0f5f1d\r\nContent-Type: multipart/mixed; boundary=changeset_8a28b51f-7e0e-45b5-9e43-4c3e4e0f5f1d\r\n\r\n"u8;

    static ReadOnlySpan<byte> PartHead => "--changeset_8a28b51f-7e0e-45b5-9e43-4c3e4e0f5f1d\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n"u8;

    static ReadOnlySpan<byte> RowHead => "Accept: application/json;odata=minimalmetadata\r\nContent-Type: application/json\r\nPrefer: return-no-content\r\nDataServiceVersion: 3.0\r\n"u8;

    static ReadOnlySpan<byte> Tail => "--changeset_8a28b51f-7e0e-45b5-9e43-4c3e4e0f5f1d--\r\n--batch_8a28b51f-7e0e-45b5-9e43-4c3e4e0f5f1d--\r\n"u8;

    readonly TableAddress address;
    readonly TableRowFormat format;
    readonly HashSet<string> rowKeys = new(StringComparer.Ordinal);
    readonly PooledBuffer body = new(16 * 1024);
    readonly Utf8JsonWriter json;

    internal TableTransaction(TableClient table, TableAddress address, TableRowFormat format)
    {
        Table = table;
        this.address = address;
        this.format = format;
        json = new Utf8JsonWriter(body, new JsonWriterOptions { Encoder = format.Options.Encoder, SkipValidation = true });
        body.Write(Head);
    }

    /// <summary>Actions so far, at most <see cref="TableClient.MaxTransactionActions"/>.</summary>
    public int Count => rowKeys.Count;

    /// <summary>Length of the request body so far, at most <see cref="TableClient.MaxTransactionBytes"/>.</summary>
    public int Bytes => body.Length + Tail.Length;

    /// <summary>The partition of all actions; null before the first.</summary>
    public string? PartitionKey { get; private set; }

    internal TableClient Table { get; }

    /// <summary>Adds the action, or leaves the transaction as it was and says false when it is full.</summary>
    /// <exception cref="ArgumentException">
    /// The action is of another partition, of a row that is in already, of a key that is no text, or larger than a whole transaction may be.
    /// </exception>
    public bool TryAdd(TableTransactionAction action)
    {
        TableAddress.WellFormed(action.PartitionKey);
        TableAddress.WellFormed(action.RowKey);
        if (PartitionKey is not null && !string.Equals(PartitionKey, action.PartitionKey, StringComparison.Ordinal))
        {
            throw new ArgumentException($"A transaction is of one partition: \"{PartitionKey}\", not \"{action.PartitionKey}\".", nameof(action));
        }

        if (rowKeys.Contains(action.RowKey))
        {
            throw new ArgumentException($"Row \"{action.RowKey}\" is in the transaction already.", nameof(action));
        }

        if (Count == TableClient.MaxTransactionActions)
        {
            return false;
        }

        var before = body.Length;
        try
        {
            Write(action);
        }
        catch
        {
            body.Truncate(before);
            throw;
        }

        if (Bytes > TableClient.MaxTransactionBytes)
        {
            body.Truncate(before);
            return Count > 0
                ? false
                : throw new ArgumentException($"Row \"{action.RowKey}\" is larger than a transaction may be ({TableClient.MaxTransactionBytes} bytes).", nameof(action));
        }

        PartitionKey = action.PartitionKey;
        rowKeys.Add(action.RowKey);
        return true;
    }

    /// <summary>Empties it, to be filled anew.</summary>
    public void Clear()
    {
        body.Truncate(Head.Length);
        rowKeys.Clear();
        PartitionKey = null;
    }

    /// <summary>Gives its memory back. Not while it is being submitted.</summary>
    public void Dispose()
    {
        json.Dispose();
        body.Dispose();
    }

    /// <summary>The whole body; valid until the next change of the transaction.</summary>
    internal ReadOnlyMemory<byte> Complete()
    {
        var length = body.Length;
        body.Write(Tail);
        var whole = body.Written;
        body.Truncate(length);
        return whole;
    }

    void Write(TableTransactionAction action)
    {
        var isDelete = action.Method is "DELETE";
        body.Write(PartHead);
        Write(action.Method);
        body.Write(" "u8);
        Write(action.Method is "POST" ? address.Table : address.Entity(action.PartitionKey, action.RowKey));
        body.Write(" HTTP/1.1\r\n"u8);
        if (action.IfMatch != default)
        {
            body.Write("If-Match: "u8);
            Write(action.IfMatch.ToString());
            body.Write("\r\n"u8);
        }

        body.Write(isDelete ? "Accept: application/json;odata=minimalmetadata\r\nDataServiceVersion: 3.0\r\n"u8 : RowHead);
        body.Write("\r\n"u8);
        if (!isDelete)
        {
            json.Reset(body);
            action.WriteRow(json, format);
            json.Flush();
        }

        body.Write("\r\n"u8);
    }

    void Write(string text) => Encoding.UTF8.GetBytes(text, body);
}
