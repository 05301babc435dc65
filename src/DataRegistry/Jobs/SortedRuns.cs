using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using Azure.Storage.Blobs.Specialized;

namespace DataRegistry.Jobs;

/// <summary>
/// Entries in memory, before they become a sorted run: URLs, or files of a dataset version. It grows with its content, so a short list
/// costs little. Its memory is in segments, because the pool keeps large arrays for each of the process's threads.
/// </summary>
sealed class RunBuffer : IDisposable
{
    /// <summary>Below 85,000 bytes, from which on .NET does not move an array any more.</summary>
    const int SegmentBytes = 64 * 1024;

    readonly List<byte[]> segments = [];
    readonly List<(int Segment, int Start, int Length)> entries = [];
    int used;

    public int Count => entries.Count;

    /// <summary>The length of all entries.</summary>
    public int Bytes { get; private set; }

    public void Add(ReadOnlySpan<byte> entry)
    {
        if (segments.Count == 0 || segments[^1].Length - used < entry.Length)
        {
            segments.Add(ArrayPool<byte>.Shared.Rent(Math.Max(SegmentBytes, entry.Length)));
            used = 0;
        }

        entry.CopyTo(segments[^1].AsSpan(used));
        entries.Add((segments.Count - 1, used, entry.Length));
        used += entry.Length;
        Bytes += entry.Length;
    }

    public ReadOnlyMemory<byte> this[int index] => Of(entries[index]);

    public IEnumerable<string> Texts => entries.Select(e => Encoding.UTF8.GetString(Of(e).Span));

    /// <summary>Sorts by bytes, like S3's lists.</summary>
    public void Sort() => CollectionsMarshal.AsSpan(entries).Sort((a, b) => Of(a).Span.SequenceCompareTo(Of(b).Span));

    public void Clear()
    {
        foreach (var segment in segments)
            ArrayPool<byte>.Shared.Return(segment);
        segments.Clear();
        entries.Clear();
        (used, Bytes) = (0, 0);
    }

    public void Dispose() => Clear();

    ReadOnlyMemory<byte> Of((int Segment, int Start, int Length) entry) => segments[entry.Segment].AsMemory(entry.Start, entry.Length);
}

/// <summary>A position in a sorted run. Its entry is some bytes with the number of their occurrences.</summary>
abstract class RunCursor
{
    /// <summary>Valid until the next move.</summary>
    public ReadOnlyMemory<byte> Entry { get; protected set; }

    public long Count { get; protected set; }

    /// <summary>The position of the entry, or of the run's end. A cursor that is opened there continues with it.</summary>
    public long Position { get; protected set; }

    /// <summary>Moves to the first entry or the next one; false at the end.</summary>
    public abstract ValueTask<bool> MoveNextAsync(CancellationToken cancellationToken);
}

/// <summary>A run that is still in memory. The buffer must be sorted, and outlive the cursor.</summary>
sealed class BufferedRun(RunBuffer entries) : RunCursor
{
    int next;

    public override ValueTask<bool> MoveNextAsync(CancellationToken cancellationToken)
    {
        if (next == entries.Count)
            return new(false);
        var first = next;
        Entry = entries[first];
        while (next < entries.Count && entries[next].Span.SequenceEqual(Entry.Span))
            next++;
        Count = next - first;
        Position = first;
        return new(true);
    }
}

/// <summary>
/// A run in a blob: entries of <c>{length of the bytes, 4 bytes}{occurrences, 4 bytes}{bytes}</c>, least significant byte
/// first. It can be read in pieces, from any entry on.
/// </summary>
sealed class StoredRun(string name, long start, int pieceBytes, JobBlobs blobs) : RunCursor, IDisposable
{
    public const int HeadBytes = 8;

    /// <summary>Bytes that are sent at a time.</summary>
    const int BlockBytes = 1024 * 1024;

    // Refilled piece by piece: the rest of one piece moves to the front.
    readonly byte[] piece = ArrayPool<byte>.Shared.Rent(Math.Max(pieceBytes, HeadBytes + SortedRuns.MaxEntryBytes));
    int used, filled;
    long read = start;
    bool ended;

    /// <summary>Writes a sorted buffer as a run. A run of the same name is replaced.</summary>
    public static async Task WriteAsync(JobBlobs blobs, string name, RunBuffer sorted, CancellationToken cancellationToken)
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
    static IEnumerable<ReadOnlyMemory<byte>> Encode(RunBuffer sorted)
    {
        // Not pooled: a request that was abandoned may still read it.
        var block = new ArrayBufferWriter<byte>(BlockBytes);
        for (int i = 0, next; i < sorted.Count; i = next)
        {
            var bytes = sorted[i];
            for (next = i + 1; next < sorted.Count && sorted[next].Span.SequenceEqual(bytes.Span);)
                next++;
            if (block.WrittenCount > 0 && block.WrittenCount + HeadBytes + bytes.Length > BlockBytes)
            {
                yield return block.WrittenMemory;
                block.ResetWrittenCount();
            }

            var entry = block.GetSpan(HeadBytes + bytes.Length);
            BinaryPrimitives.WriteInt32LittleEndian(entry, bytes.Length);
            BinaryPrimitives.WriteInt32LittleEndian(entry[4..], next - i);
            bytes.Span.CopyTo(entry[HeadBytes..]);
            block.Advance(HeadBytes + bytes.Length);
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
        Entry = piece.AsMemory(used + HeadBytes, length);
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
    /// <summary>Bytes of an entry: with its head as large as an array of the pool.</summary>
    public const int MaxEntryBytes = (32 * 1024) - StoredRun.HeadBytes;

    /// <summary>Memory for reading all runs at a time, in bytes.</summary>
    public const int MergeBytes = 8 * 1024 * 1024;

    /// <summary>Concurrent requests for the beginnings of the runs.</summary>
    const int OpenAtOnce = 8;

    static readonly IComparer<RunCursor> ByBytes = Comparer<RunCursor>.Create((a, b) => a.Entry.Span.SequenceCompareTo(b.Entry.Span));

    /// <summary>
    /// Every entry once, in the order of its bytes, with its occurrences in all runs. The memory is valid until the next
    /// one. Between two entries each cursor is at its next entry, or at its end.
    /// </summary>
    public static async IAsyncEnumerable<(ReadOnlyMemory<byte> Entry, long Count)> MergeAsync(
        IReadOnlyList<RunCursor> cursors, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var have = new bool[cursors.Count];
        await Parallel.ForAsync(
            0, have.Length, new ParallelOptions { MaxDegreeOfParallelism = OpenAtOnce, CancellationToken = cancellationToken },
            async (i, token) => have[i] = await cursors[i].MoveNextAsync(token));
        var queue = new PriorityQueue<RunCursor, RunCursor>(ByBytes);
        foreach (var cursor in cursors.Where((_, i) => have[i]))
            queue.Enqueue(cursor, cursor);

        var entry = new byte[MaxEntryBytes];
        while (queue.Count > 0)
        {
            var length = queue.Peek().Entry.Length;
            queue.Peek().Entry.CopyTo(entry);
            var count = 0L;
            while (queue.Count > 0 && queue.Peek().Entry.Span.SequenceEqual(entry.AsSpan(0, length)))
            {
                // The queue orders cursors by their entries, so take this one out while it moves.
                var cursor = queue.Dequeue();
                count += cursor.Count;
                if (await cursor.MoveNextAsync(cancellationToken))
                    queue.Enqueue(cursor, cursor);
            }

            yield return (entry.AsMemory(0, length), count);
        }
    }
}
