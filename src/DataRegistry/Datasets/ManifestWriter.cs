using System.Globalization;
using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Azure.Storage.Blobs.Specialized;
using DataRegistry.Datums;
using DataRegistry.Jobs;

namespace DataRegistry.Datasets;

/// <summary>The outcome of writing a manifest.</summary>
abstract record ManifestOutcome
{
    /// <summary>It is there, and counts once a version's row names it.</summary>
    public sealed record Written(Manifest Manifest) : ManifestOutcome;

    /// <summary>Two entries have one path, so nothing was written.</summary>
    public sealed record PathTwice(string Path, DatumId First, DatumId Second) : ManifestOutcome;
}

/// <summary>Writes manifests, in constant memory however many entries they have.</summary>
sealed class ManifestWriter(ManifestBlobs blobs)
{
    /// <summary>Writes the entries of a version.</summary>
    /// <param name="entries">In <see cref="ManifestEntry.PathOrder"/>.</param>
    /// <exception cref="InvalidOperationException">The entries are not sorted; the message names two datums.</exception>
    public async Task<ManifestOutcome> WriteAsync(
        DatasetVersionId version, IAsyncEnumerable<ManifestEntry> entries, CancellationToken cancellationToken)
    {
        var name = ManifestBlobs.NewName(version);
        using var file = new ManifestFile(blobs.Of(name));
        ManifestEntry? last = null;
        var bytes = 0L;
        await foreach (var entry in entries.WithCancellation(cancellationToken))
        {
            var order = last is null ? -1 : ManifestEntry.PathOrder.Compare(last.Path, entry.Path);
            if (order == 0)
                return new ManifestOutcome.PathTwice(entry.Path, last!.Datum, entry.Datum);
            if (order > 0)
                throw new InvalidOperationException(
                    $"Path \"{entry.Path}\" of {entry.Datum} came after \"{last!.Path}\" of {last.Datum}.");
            file.Add(entry);
            bytes += entry.Size;
            last = entry;
            if (file.IsPieceFull)
                await file.StageAsync(cancellationToken);
        }

        var (indexAt, count) = (file.EndBlocks(), file.Count);
        var length = await file.CommitAsync(cancellationToken);
        return new ManifestOutcome.Written(new(name, length, indexAt, count, bytes));
    }
}

/// <summary>A manifest while it is written: a block of entries at a time, and a piece of the blob.</summary>
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
    string? first;
    int entries;
    long sent;
    bool sending;

    /// <summary>Entries so far.</summary>
    public long Count { get; private set; }

    public bool IsPieceFull => piece.Length >= PieceBytes;

    public void Add(ManifestEntry entry)
    {
        first ??= entry.Path;
        Line(block, entry, ManifestLines.Entry);
        entries++;
        Count++;
        var hash = AddFile(entry);
        if (entries >= BlockEntries || block.Length >= BlockBytes || (entries >= MinEntries && (hash & BlockEnd) == 0))
            EndBlock();
    }

    /// <summary>Ends the last block and adds the index; returns where that begins.</summary>
    public long EndBlocks()
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

    /// <summary>Sends what there is.</summary>
    public async Task StageAsync(CancellationToken cancellationToken)
    {
        var id = Convert.ToBase64String(Encoding.ASCII.GetBytes(staged.Count.ToString("D6", CultureInfo.InvariantCulture)));
        await SendAsync(content => blob.StageBlockAsync(id, content, cancellationToken: cancellationToken));
        staged.Add(id);
        sent += piece.Length;
        piece.Truncate(0);
    }

    /// <summary>Sends the rest; the blob is there as a whole from now on. Returns its length.</summary>
    public async Task<long> CommitAsync(CancellationToken cancellationToken)
    {
        if (staged.Count == 0)
        {
            await SendAsync(content => blob.UploadAsync(content, cancellationToken: cancellationToken));
            return piece.Length;
        }

        await StageAsync(cancellationToken);
        await blob.CommitBlockListAsync(staged, cancellationToken: cancellationToken);
        return sent;
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
