using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using Azure.Storage.Blobs.Specialized;
using DataRegistry.Jobs;

namespace DataRegistry.Adoption.Input;

/// <summary>URLs in memory, before they become a sorted run. It grows with its content, so a short list costs little.</summary>
sealed class UrlBuffer : IDisposable
{
    readonly PooledBuffer bytes = new(1024);
    readonly List<(int Start, int Length)> urls = [];

    public int Count => urls.Count;

    public int Bytes => bytes.Length;

    public void Add(ReadOnlySpan<byte> url)
    {
        urls.Add((bytes.Length, url.Length));
        url.CopyTo(bytes.GetSpan(url.Length));
        bytes.Advance(url.Length);
    }

    public ReadOnlyMemory<byte> this[int index] => bytes.Written.Slice(urls[index].Start, urls[index].Length);

    public IEnumerable<string> Texts => urls.Select(u => Encoding.UTF8.GetString(bytes.Written.Span.Slice(u.Start, u.Length)));

    /// <summary>Sorts by bytes, like S3's lists.</summary>
    public void Sort()
    {
        var text = bytes.Written;
        CollectionsMarshal.AsSpan(urls).Sort(
            (a, b) => text.Span.Slice(a.Start, a.Length).SequenceCompareTo(text.Span.Slice(b.Start, b.Length)));
    }

    public void Clear()
    {
        urls.Clear();
        bytes.Truncate(0);
    }

    public void Dispose() => bytes.Dispose();
}

/// <summary>A position in a sorted run. Its entry is a URL with its number of occurrences.</summary>
abstract class RunCursor
{
    /// <summary>Valid until the next move.</summary>
    public ReadOnlyMemory<byte> Url { get; protected set; }

    public long Count { get; protected set; }

    /// <summary>The position of the entry, or of the run's end. A cursor that is opened there continues with it.</summary>
    public long Position { get; protected set; }

    /// <summary>Moves to the first entry or the next one; false at the end.</summary>
    public abstract ValueTask<bool> MoveNextAsync(CancellationToken cancellationToken);
}

/// <summary>A run that is still in memory. The buffer must be sorted, and outlive the cursor.</summary>
sealed class BufferedRun(UrlBuffer urls) : RunCursor
{
    int next;

    public override ValueTask<bool> MoveNextAsync(CancellationToken cancellationToken)
    {
        if (next == urls.Count)
            return new(false);
        var first = next;
        Url = urls[first];
        while (next < urls.Count && urls[next].Span.SequenceEqual(Url.Span))
            next++;
        Count = next - first;
        Position = first;
        return new(true);
    }
}

/// <summary>
/// A run in a blob: entries of <c>{length of the URL, 4 bytes}{occurrences, 4 bytes}{URL}</c>, least significant byte
/// first. It can be read in pieces, from any entry on.
/// </summary>
sealed class StoredRun(string name, long start, int pieceBytes, JobBlobs blobs) : RunCursor, IDisposable
{
    const int HeadBytes = 8;

    /// <summary>Bytes that are sent at a time.</summary>
    const int BlockBytes = 1024 * 1024;

    // Refilled piece by piece: the rest of one piece moves to the front.
    readonly byte[] piece = ArrayPool<byte>.Shared.Rent(Math.Max(pieceBytes, HeadBytes + StagedUrls.MaxUrlBytes));
    int used, filled;
    long read = start;
    bool ended;

    /// <summary>Writes a sorted buffer as a run. A run of the same name is replaced.</summary>
    public static async Task WriteAsync(JobBlobs blobs, string name, UrlBuffer sorted, CancellationToken cancellationToken)
    {
        var blob = blobs.Container.GetBlockBlobClient(name);
        var blocks = new List<string>();
        foreach (var block in Encode(sorted))
        {
            blocks.Add(Convert.ToBase64String(BitConverter.GetBytes((long)blocks.Count)));
            using var content = BinaryData.FromBytes(block).ToStream();
            await blob.StageBlockAsync(blocks[^1], content, cancellationToken: cancellationToken);
        }

        await blob.CommitBlockListAsync(blocks, cancellationToken: cancellationToken);
    }

    /// <summary>The entries of a sorted buffer, with repetitions counted, in blocks.</summary>
    static IEnumerable<ReadOnlyMemory<byte>> Encode(UrlBuffer sorted)
    {
        // Not pooled: a request that was abandoned may still read it.
        var block = new ArrayBufferWriter<byte>(BlockBytes);
        for (int i = 0, next; i < sorted.Count; i = next)
        {
            var url = sorted[i];
            for (next = i + 1; next < sorted.Count && sorted[next].Span.SequenceEqual(url.Span);)
                next++;
            if (block.WrittenCount > 0 && block.WrittenCount + HeadBytes + url.Length > BlockBytes)
            {
                yield return block.WrittenMemory;
                block.ResetWrittenCount();
            }

            var entry = block.GetSpan(HeadBytes + url.Length);
            BinaryPrimitives.WriteInt32LittleEndian(entry, url.Length);
            BinaryPrimitives.WriteInt32LittleEndian(entry[4..], next - i);
            url.Span.CopyTo(entry[HeadBytes..]);
            block.Advance(HeadBytes + url.Length);
        }

        yield return block.WrittenMemory;
    }

    public override async ValueTask<bool> MoveNextAsync(CancellationToken cancellationToken)
    {
        if (!await HasAsync(HeadBytes, cancellationToken))
        {
            Position = read;
            return used < filled ? throw new InvalidDataException($"Run {name} ends within an entry.") : false;
        }

        var length = BinaryPrimitives.ReadInt32LittleEndian(piece.AsSpan(used));
        Count = BinaryPrimitives.ReadInt32LittleEndian(piece.AsSpan(used + 4));
        if (!await HasAsync(HeadBytes + length, cancellationToken))
            throw new InvalidDataException($"Run {name} ends within an entry.");
        Position = read - (filled - used);
        Url = piece.AsMemory(used + HeadBytes, length);
        used += HeadBytes + length;
        return true;
    }

    public void Dispose() => ArrayPool<byte>.Shared.Return(piece);

    async ValueTask<bool> HasAsync(int bytes, CancellationToken cancellationToken)
    {
        if (filled - used >= bytes || ended)
            return filled - used >= bytes;
        piece.AsSpan(used, filled - used).CopyTo(piece);
        (used, filled) = (0, filled - used);
        var got = await blobs.ReadPieceAsync(name, read, piece.AsMemory(filled), cancellationToken);
        ended = got < piece.Length - filled;
        read += got;
        filled += got;
        return filled >= bytes;
    }
}

/// <summary>Merges sorted runs.</summary>
static class SortedRuns
{
    static readonly IComparer<RunCursor> ByUrl = Comparer<RunCursor>.Create((a, b) => a.Url.Span.SequenceCompareTo(b.Url.Span));

    /// <summary>
    /// Every URL once, in the order of its bytes, with its occurrences in all runs. The memory is valid until the next
    /// one. Between two URLs each cursor is at its next entry, or at its end.
    /// </summary>
    public static async IAsyncEnumerable<(ReadOnlyMemory<byte> Url, long Count)> MergeAsync(
        IEnumerable<RunCursor> cursors, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var queue = new PriorityQueue<RunCursor, RunCursor>(ByUrl);
        foreach (var cursor in cursors)
        {
            if (await cursor.MoveNextAsync(cancellationToken))
                queue.Enqueue(cursor, cursor);
        }

        var url = new byte[StagedUrls.MaxUrlBytes];
        while (queue.Count > 0)
        {
            var length = queue.Peek().Url.Length;
            queue.Peek().Url.CopyTo(url);
            var count = 0L;
            while (queue.Count > 0 && queue.Peek().Url.Span.SequenceEqual(url.AsSpan(0, length)))
            {
                // The queue orders cursors by their entries, so take this one out while it moves.
                var cursor = queue.Dequeue();
                count += cursor.Count;
                if (await cursor.MoveNextAsync(cancellationToken))
                    queue.Enqueue(cursor, cursor);
            }

            yield return (url.AsMemory(0, length), count);
        }
    }
}
