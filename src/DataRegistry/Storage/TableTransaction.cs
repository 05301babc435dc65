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

    readonly TableAddress _address;
    readonly TableRowFormat _format;
    readonly HashSet<string> _rowKeys = new(StringComparer.Ordinal);
    readonly PooledBuffer _body = new(16 * 1024);
    readonly Utf8JsonWriter _json;

    internal TableTransaction(TableClient table, TableAddress address, TableRowFormat format)
    {
        Table = table;
        _address = address;
        _format = format;
        _json = new Utf8JsonWriter(_body, new JsonWriterOptions { Encoder = format.Options.Encoder, SkipValidation = true });
        _body.Write(Head);
    }

    /// <summary>Actions so far, at most <see cref="TableClient.MaxTransactionActions"/>.</summary>
    public int Count => _rowKeys.Count;

    /// <summary>Length of the request body so far, at most <see cref="TableClient.MaxTransactionBytes"/>.</summary>
    public int Bytes => _body.Length + Tail.Length;

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

        if (_rowKeys.Contains(action.RowKey))
        {
            throw new ArgumentException($"Row \"{action.RowKey}\" is in the transaction already.", nameof(action));
        }

        if (Count == TableClient.MaxTransactionActions)
        {
            return false;
        }

        var before = _body.Length;
        try
        {
            Write(action);
        }
        catch
        {
            _body.Truncate(before);
            throw;
        }

        if (Bytes > TableClient.MaxTransactionBytes)
        {
            _body.Truncate(before);
            return Count > 0
                ? false
                : throw new ArgumentException($"Row \"{action.RowKey}\" is larger than a transaction may be ({TableClient.MaxTransactionBytes} bytes).", nameof(action));
        }

        PartitionKey = action.PartitionKey;
        _rowKeys.Add(action.RowKey);
        return true;
    }

    /// <summary>Empties it, to be filled anew.</summary>
    public void Clear()
    {
        _body.Truncate(Head.Length);
        _rowKeys.Clear();
        PartitionKey = null;
    }

    /// <summary>Gives its memory back. Not while it is being submitted.</summary>
    public void Dispose()
    {
        _json.Dispose();
        _body.Dispose();
    }

    /// <summary>The whole body; valid until the next change of the transaction.</summary>
    internal ReadOnlyMemory<byte> Complete()
    {
        var length = _body.Length;
        _body.Write(Tail);
        var body = _body.Written;
        _body.Truncate(length);
        return body;
    }

    void Write(TableTransactionAction action)
    {
        var isDelete = action.Method is "DELETE";
        _body.Write(PartHead);
        Write(action.Method);
        _body.Write(" "u8);
        Write(action.Method is "POST" ? _address.Table : _address.Entity(action.PartitionKey, action.RowKey));
        _body.Write(" HTTP/1.1\r\n"u8);
        if (action.IfMatch != default)
        {
            _body.Write("If-Match: "u8);
            Write(action.IfMatch.ToString());
            _body.Write("\r\n"u8);
        }

        _body.Write(isDelete ? "Accept: application/json;odata=minimalmetadata\r\nDataServiceVersion: 3.0\r\n"u8 : RowHead);
        _body.Write("\r\n"u8);
        if (!isDelete)
        {
            _json.Reset(_body);
            action.WriteRow(_json, _format);
            _json.Flush();
        }

        _body.Write("\r\n"u8);
    }

    void Write(string text) => Encoding.UTF8.GetBytes(text, _body);
}
