using System.Globalization;
using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Azure;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using DataRegistry.Jobs;

namespace DataRegistry.Datasets;

/// <summary>A part of a manifest that is staged in its blob. A later delivery continues after it.</summary>
/// <param name="Blocks">Those of the part.</param>
/// <param name="Staged">The ids of the blob's pieces with them. Azure keeps pieces of an incomplete blob for a week.</param>
/// <param name="Sent">Bytes of the blob up to the part's end.</param>
/// <param name="Bytes">Of the objects up to the part's end.</param>
/// <param name="Last">The last entry.</param>
sealed record ManifestPart(
    IReadOnlyList<ManifestBlock> Blocks, IReadOnlyList<string> Staged, long Sent, long Bytes, ManifestEntry Last);

/// <summary>
/// A manifest while it is written: a block of entries at a time, and a piece of the blob. Its bytes depend on the entries alone, whether
/// they are written in one go or in parts.
/// </summary>
sealed class ManifestFile(BlockBlobClient blob) : IDisposable
{
    /// <summary>Bytes, and entries, of a block at most: a page of a list reads a few of them.</summary>
    const int BlockBytes = 512 * 1024;
    const int BlockEntries = 512;

    /// <summary>
    /// After so many entries a block ends with a path whose hash has these bits 0, which is one of 256. So two manifests have the same
    /// blocks again soon after a difference, and a comparison need not read them.
    /// </summary>
    const int MinEntries = 64;
    const uint BlockEnd = 0xFF00_0000;

    /// <summary>Bytes that are kept of the hash of a block's files.</summary>
    const int HashBytes = 12;

    /// <summary>Bytes of a datum's id.</summary>
    const int IdBytes = 16;

    /// <summary>Bytes of the blob that are sent at a time. A smaller blob is one request.</summary>
    const int PieceBytes = 4 * 1024 * 1024;

    /// <summary>Quality and window of Brotli: the fastest one, and a window as large as a block.</summary>
    const int Quality = 1, Window = 19;

    readonly PooledBuffer block = new(BlockBytes + 8192);
    readonly PooledBuffer piece = new(BlockBytes);
    readonly List<ManifestBlock> index = [];
    readonly List<string> staged = [];
    readonly IncrementalHash files = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    /// <summary>Part of the ids of pieces, so that two deliveries that write one blob never replace each other's pieces.</summary>
    readonly Guid writer = Guid.NewGuid();

    string? first;
    ManifestEntry? last;
    int entries;
    long sent;
    bool sending;
    int blocksOfParts, stagedOfParts;

    /// <summary>Entries so far.</summary>
    public long Count { get; private set; }

    /// <summary>Bytes of their objects.</summary>
    public long Bytes { get; private set; }

    /// <summary>Whether the last entry ended a block, so that a part may end here.</summary>
    public bool IsAtBlockEnd => entries == 0;

    /// <summary>Adds an entry, and sends a full piece. Returns the error if it has the path of the entry before.</summary>
    /// <exception cref="InvalidOperationException">The entries are not sorted; the message names two datums.</exception>
    public async ValueTask<ManifestOutcome.PathTwice?> AddAsync(ManifestEntry entry, CancellationToken cancellationToken)
    {
        var order = last is null ? -1 : ManifestEntry.PathOrder.Compare(last.Path, entry.Path);
        if (order == 0)
            return new(entry.Path, last!.Datum, entry.Datum);
        if (order > 0)
            throw new InvalidOperationException(
                $"Path \"{entry.Path}\" of {entry.Datum} came after \"{last!.Path}\" of {last.Datum}.");
        first ??= entry.Path;
        last = entry;
        Line(block, entry, ManifestLines.Entry);
        entries++;
        Count++;
        Bytes += entry.Size;
        var hash = AddFile(entry);
        if (entries >= BlockEntries || block.Length >= BlockBytes || (entries >= MinEntries && (hash & BlockEnd) == 0))
            EndBlock();
        if (piece.Length >= PieceBytes)
            await StageAsync(cancellationToken);
        return null;
    }

    /// <summary>Continues after a part, of which another delivery has staged the pieces. Parts are given in their order.</summary>
    public void ContinueAfter(ManifestPart part)
    {
        index.AddRange(part.Blocks);
        staged.AddRange(part.Staged);
        Count += part.Blocks.Sum(b => (long)b.Count);
        (sent, Bytes, last) = (part.Sent, part.Bytes, part.Last);
        (blocksOfParts, stagedOfParts) = (index.Count, staged.Count);
    }

    /// <summary>Ends a part at the end of a block.</summary>
    public async Task<ManifestPart> EndPartAsync(CancellationToken cancellationToken)
    {
        if (piece.Length > 0)
            await StageAsync(cancellationToken);
        var part = new ManifestPart(index[blocksOfParts..], staged[stagedOfParts..], sent, Bytes, last!);
        (blocksOfParts, stagedOfParts) = (index.Count, staged.Count);
        return part;
    }

    /// <summary>
    /// Sends the rest. From now on the blob is there as a whole. A blob that another delivery has completed has the same bytes.
    /// </summary>
    public async Task<Manifest> CompleteAsync(CancellationToken cancellationToken)
    {
        var indexAt = EndBlocks();
        var length = sent + piece.Length;
        // A blob that counts is never written again.
        var absent = new BlobRequestConditions { IfNoneMatch = ETag.All };
        try
        {
            if (staged.Count == 0)
            {
                await SendAsync(content => blob.UploadAsync(content, new BlobUploadOptions { Conditions = absent }, cancellationToken));
            }
            else
            {
                await StageAsync(cancellationToken);
                await blob.CommitBlockListAsync(staged, new CommitBlockListOptions { Conditions = absent }, cancellationToken);
            }
        }
        catch (RequestFailedException e) when (e.ErrorCode == BlobErrorCode.BlobAlreadyExists)
        {
            // Another delivery was first, or the answer was lost.
        }

        return new(blob.Name, length, indexAt, Count, Bytes);
    }

    /// <summary>Ends the last block and adds the index; returns where that begins.</summary>
    long EndBlocks()
    {
        if (entries > 0)
            EndBlock();
        var at = sent + piece.Length;
        foreach (var one in index)
            Line(block, one, ManifestLines.Block);
        // How long it is uncompressed.
        var length = piece.GetSpan(sizeof(int));
        MemoryMarshal.Write(length, block.Length);
        piece.Advance(sizeof(int));
        Compress();
        return at;
    }

    /// <summary>Sends the piece.</summary>
    async Task StageAsync(CancellationToken cancellationToken)
    {
        // All ids of a blob have one length.
        var id = Convert.ToBase64String(Encoding.ASCII.GetBytes(
            string.Create(CultureInfo.InvariantCulture, $"{writer:N}-{staged.Count:D6}")));
        await SendAsync(content => blob.StageBlockAsync(id, content, cancellationToken: cancellationToken));
        staged.Add(id);
        sent += piece.Length;
        piece.Truncate(0);
    }

    public void Dispose()
    {
        files.Dispose();
        block.Dispose();
        // A request that failed may still read the piece.
        if (!sending)
            piece.Dispose();
    }

    async Task SendAsync(Func<Stream, Task> send)
    {
        sending = true;
        using var content = StreamOf(piece.Written);
        await send(content);
        sending = false;
    }

    /// <summary>Adds a path and its datum to the block's hash; returns a hash of the path alone (FNV-1a).</summary>
    uint AddFile(ManifestEntry entry)
    {
        Span<byte> bytes = stackalloc byte[DatasetPath.MaxBytes + IdBytes];
        var length = Encoding.UTF8.GetBytes(entry.Path, bytes);
        entry.Datum.Value.ToGuid().TryWriteBytes(bytes[length..]);
        // The datum ends a path, and has always as many bytes.
        files.AppendData(bytes[..(length + IdBytes)]);
        var hash = 2_166_136_261u;
        foreach (var one in bytes[..length])
            hash = (hash ^ one) * 16_777_619u;
        return hash;
    }

    void EndBlock()
    {
        index.Add(new(
            first!, sent + piece.Length, block.Length, entries, Convert.ToBase64String(files.GetHashAndReset().AsSpan(0, HashBytes))));
        Compress();
        (first, entries) = (null, 0);
    }

    void Compress()
    {
        var target = piece.GetSpan(BrotliEncoder.GetMaxCompressedLength(block.Length));
        if (!BrotliEncoder.TryCompress(block.Written.Span, target, out var written, Quality, Window))
            throw new InvalidOperationException($"A block of {block.Length} bytes was not compressed.");
        piece.Advance(written);
        block.Truncate(0);
    }

    static void Line<T>(PooledBuffer lines, T value, JsonTypeInfo<T> type)
    {
        using (var json = new Utf8JsonWriter(lines, new() { Encoder = type.Options.Encoder }))
            JsonSerializer.Serialize(json, value, type);
        lines.GetSpan(1)[0] = (byte)'\n';
        lines.Advance(1);
    }

    static MemoryStream StreamOf(ReadOnlyMemory<byte> bytes) =>
        MemoryMarshal.TryGetArray(bytes, out var array)
            ? new(array.Array!, array.Offset, array.Count, writable: false)
            : new(bytes.ToArray(), writable: false);
}
