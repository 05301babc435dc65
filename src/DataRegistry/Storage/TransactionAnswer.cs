using System.Globalization;
using System.Text;
using Azure;

namespace DataRegistry.Storage;

/// <summary>
/// The multipart answer to a transaction: one part for each action when all were done, or a single part that failed,
/// whose message starts with the index of its action (<c>2:The specified entity already exists.</c>).
/// </summary>
sealed class TransactionAnswer
{
    readonly List<ETag> etags = [];

    /// <summary>Status of the part that failed; 0 when none did.</summary>
    public int FailedStatus { get; private set; }

    /// <summary>Index of the action that failed; -1 when none did or the service named none.</summary>
    public int FailedIndex { get; private set; } = -1;

    public TableError Error { get; private set; }

    /// <summary>One for each part that succeeded, in order; default for deletes.</summary>
    public IReadOnlyList<ETag> ETags => etags;

    public RequestFailedException ToException() => new(
        FailedStatus == 0 ? 202 : FailedStatus,
        $"Action {FailedIndex} of the transaction was refused: {Error.Message}",
        Error.Code,
        innerException: null);

    /// <exception cref="RequestFailedException">It failed of something that passes by itself.</exception>
    public static async ValueTask<TransactionAnswer> ReadAsync(Stream body, CancellationToken cancellationToken)
    {
        using var buffer = new PooledBuffer(64 * 1024);
        while (await body.ReadAsync(buffer.GetMemory(), cancellationToken) is > 0 and var read)
            buffer.Advance(read);
        var answer = Parse(buffer.Written.Span);
        return TableResponseClassifier.IsTransient(answer.FailedStatus) ? throw answer.ToException() : answer;
    }

    public static TransactionAnswer Parse(ReadOnlySpan<byte> body)
    {
        var answer = new TransactionAnswer();
        while (TryReadLine(ref body, out var line))
        {
            if (line.StartsWith("HTTP/1."u8))
            {
                answer.ReadPart(StatusOf(line), ref body);
            }
        }

        return answer;
    }

    /// <summary>From "HTTP/1.1 204 No Content"; a status that is none is a failure, never taken for success.</summary>
    static int StatusOf(ReadOnlySpan<byte> line) =>
        line.Length >= 12 && int.TryParse(line[9..12], NumberStyles.None, CultureInfo.InvariantCulture, out var status) ? status : 500;

    void ReadPart(int status, ref ReadOnlySpan<byte> body)
    {
        ETag etag = default;
        while (TryReadLine(ref body, out var line) && line.Length > 0)
        {
            if (line.Length > 5 && Ascii.EqualsIgnoreCase(line[..5], "ETag:"u8))
            {
                etag = new ETag(Encoding.UTF8.GetString(line[5..].Trim((byte)' ')));
            }
        }

        if (status is >= 200 and < 300)
        {
            etags.Add(etag);
            return;
        }

        var end = body.IndexOf("\r\n--"u8);
        Error = TableError.Parse(end < 0 ? body : body[..end]);
        FailedStatus = status;
        var colon = Error.Message?.IndexOf(':', StringComparison.Ordinal) ?? -1;
        FailedIndex = colon > 0 && int.TryParse(Error.Message.AsSpan(0, colon), NumberStyles.None, CultureInfo.InvariantCulture, out var index) ? index : -1;
    }

    static bool TryReadLine(ref ReadOnlySpan<byte> body, out ReadOnlySpan<byte> line)
    {
        if (body.IsEmpty)
        {
            line = default;
            return false;
        }

        var end = body.IndexOf((byte)'\n');
        line = (end < 0 ? body : body[..end]).TrimEnd((byte)'\r');
        body = end < 0 ? default : body[(end + 1)..];
        return true;
    }
}
