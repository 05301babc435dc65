using System.IO.Compression;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using DataRegistry.Http;
using DataRegistry.Storage;

namespace DataRegistry.Datasets;

/// <summary>
/// Reads manifests. A page costs two requests: for the index, and for the blocks that it is in. A small manifest costs one, and so does
/// all of one that is not larger than <see cref="PieceBytes"/>.
/// </summary>
sealed class ManifestReader(ManifestBlobs blobs)
{
    /// <summary>Bytes that one request reads, at most.</summary>
    const int PieceBytes = 8 * 1024 * 1024;

    /// <summary>A blob up to this size is read whole in any case.</summary>
    const int SmallBytes = 256 * 1024;

    /// <summary>The entries of a range, in the order of their paths; some megabytes in memory at a time.</summary>
    /// <exception cref="ApiException">404: the version was deleted meanwhile.</exception>
    public IAsyncEnumerable<ManifestEntry> ReadAsync(Manifest manifest, PathRange range, CancellationToken cancellationToken) =>
        ReadAsync(manifest, range, long.MaxValue, cancellationToken);

    /// <summary>A page of the entries of a range, at most 4 MB of them, and the cursor after it: its last path, or null.</summary>
    /// <inheritdoc cref="ReadAsync(Manifest, PathRange, CancellationToken)" path="/exception"/>
    public Task<(IReadOnlyList<ManifestEntry> Entries, string? Cursor)> PageAsync(
        Manifest manifest, int limit, PathRange range, CancellationToken cancellationToken) =>
        ReadAsync(manifest, range, limit + 1, cancellationToken).PageAsync(limit, SizeOf, e => e.Path, cancellationToken);

    /// <summary>The first entries, so many of them at most, with no more requests than they take.</summary>
    /// <inheritdoc cref="ReadAsync(Manifest, PathRange, CancellationToken)" path="/exception"/>
    public IAsyncEnumerable<ManifestEntry> FirstAsync(Manifest manifest, int count, CancellationToken cancellationToken) =>
        ReadAsync(manifest, PathRange.All, count, cancellationToken).Take(count);

    /// <summary>Reads the index, for a reader who chooses among the blocks; of a small manifest all of it.</summary>
    /// <inheritdoc cref="ReadAsync(Manifest, PathRange, CancellationToken)" path="/exception"/>
    public Task<OpenManifest> OpenAsync(Manifest manifest, CancellationToken cancellationToken) =>
        OpenAsync(manifest, whole: manifest.Length <= SmallBytes, cancellationToken);

    async Task<OpenManifest> OpenAsync(Manifest manifest, bool whole, CancellationToken cancellationToken)
    {
        var from = whole ? 0 : manifest.IndexAt;
        var bytes = await blobs.ReadAsync(manifest.Blob, from, manifest.Length - from, cancellationToken);
        ReadOnlyMemory<byte> index = bytes.AsMemory((int)(manifest.IndexAt - from));
        var blocks = Lines(index[sizeof(int)..], MemoryMarshal.Read<int>(index.Span), ManifestLines.Block);
        return new(blobs, manifest, blocks, whole ? bytes : []);
    }

    public static List<ManifestEntry> EntriesOf(ReadOnlyMemory<byte> compressed, ManifestBlock block) =>
        Lines(compressed, block.Raw, ManifestLines.Entry);

    /// <summary>Bytes of an entry as JSON; more rather than less.</summary>
    public static int SizeOf(ManifestEntry? entry) => entry is null ? 0
        : 600 + RowSize.Of(entry.Path) + (2 * RowSize.Of(entry.Key)) + RowSize.Of(entry.Bucket) + RowSize.Of(entry.VersionId ?? "");

    /// <param name="wanted">No blocks are read ahead of so many entries. More may come.</param>
    /// <inheritdoc cref="ReadAsync(Manifest, PathRange, CancellationToken)" path="/summary|/exception"/>
    public async IAsyncEnumerable<ManifestEntry> ReadAsync(
        Manifest manifest, PathRange range, long wanted, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var whole = manifest.Length <= SmallBytes || (manifest.Length <= PieceBytes && range == PathRange.All && wanted >= manifest.Count);
        var open = await OpenAsync(manifest, whole, cancellationToken);
        var blocks = open.Blocks;
        var end = blocks.FindIndex(block => range.EndsBefore(block.First)) is >= 0 and var beyond ? beyond : blocks.Count;
        for (var next = FirstBlock(blocks, range.From); next < end; next++)
        {
            var last = open.HasRead(next) ? next : EndOf(manifest, blocks, next, end, wanted) - 1;
            foreach (var entry in await open.ReadAsync(next, last, cancellationToken))
            {
                if (range.EndsBefore(entry.Path))
                    yield break;
                if (!range.Has(entry.Path))
                    continue;
                wanted--;
                yield return entry;
            }
        }
    }

    /// <summary>The block that the first entry from a path on may be in.</summary>
    public static int FirstBlock(List<ManifestBlock> blocks, string? from)
    {
        var (low, high) = (0, from is null ? 0 : blocks.Count - 1);
        while (low < high)
        {
            var middle = (low + high + 1) / 2;
            if (ManifestEntry.PathOrder.Compare(blocks[middle].First, from) <= 0)
                low = middle;
            else
                high = middle - 1;
        }

        return low;
    }

    /// <summary>The blocks from one on that one request reads: as many as hold so many entries also if the first one holds none.</summary>
    /// <param name="most">No block from this one on is read.</param>
    static int EndOf(Manifest manifest, List<ManifestBlock> blocks, int next, int most, long wanted)
    {
        var end = next + 1;
        for (var entries = 0L;
            end < most && entries < wanted && EndAt(manifest, blocks, end) - blocks[next].At <= PieceBytes;
            end++)
        {
            entries += blocks[end].Count;
        }

        return end;
    }

    public static long EndAt(Manifest manifest, List<ManifestBlock> blocks, int block) =>
        block + 1 < blocks.Count ? blocks[block + 1].At : manifest.IndexAt;

    static List<T> Lines<T>(ReadOnlyMemory<byte> compressed, int length, JsonTypeInfo<T> type)
    {
        var raw = new byte[length];
        if (!BrotliDecoder.TryDecompress(compressed.Span, raw, out var written) || written != length)
            throw new InvalidDataException("A block of a manifest cannot be read.");
        var values = new List<T>();
        for (ReadOnlySpan<byte> rest = raw; !rest.IsEmpty;)
        {
            var end = rest.IndexOf((byte)'\n');
            values.Add(JsonSerializer.Deserialize(rest[..end], type)!);
            rest = rest[(end + 1)..];
        }

        return values;
    }
}
