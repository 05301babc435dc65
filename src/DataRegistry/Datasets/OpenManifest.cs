namespace DataRegistry.Datasets;

/// <summary>
/// A manifest whose index is read, for a reader who chooses among its blocks. They are read in pieces of several.
/// </summary>
/// <param name="read">The bytes that are already read, from the manifest's beginning on.</param>
sealed class OpenManifest(ManifestBlobs blobs, Manifest manifest, List<ManifestBlock> blocks, byte[] read)
{
    /// <summary>Bytes that a request reads beside the block that is asked for.</summary>
    const int PieceBytes = 512 * 1024;

    byte[] piece = read;
    long pieceAt;

    public List<ManifestBlock> Blocks => blocks;

    /// <summary>Requests so far, without that for the index.</summary>
    public int Requests { get; private set; }

    /// <summary>The block that an entry of this path is in, if there is one.</summary>
    public int BlockOf(string path) => ManifestReader.FirstBlock(blocks, path);

    /// <summary>Whether the block is in memory, so that reading it costs no request.</summary>
    public bool HasRead(int block) => blocks[block].At >= pieceAt && EndAt(block) <= pieceAt + piece.Length;

    /// <summary>The entries of a block. One request reads the blocks behind it, too.</summary>
    /// <exception cref="Http.ApiException">404: the version was deleted meanwhile.</exception>
    public Task<IReadOnlyList<ManifestEntry>> ReadAsync(int block, CancellationToken cancellationToken)
    {
        var last = block;
        while (last + 1 < blocks.Count && EndAt(last + 1) - blocks[block].At <= PieceBytes)
            last++;
        return ReadAsync(block, last, cancellationToken);
    }

    /// <param name="last">The last block that the request reads, if the block is not in memory.</param>
    /// <inheritdoc cref="ReadAsync(int, CancellationToken)"/>
    public async Task<IReadOnlyList<ManifestEntry>> ReadAsync(int block, int last, CancellationToken cancellationToken)
    {
        if (!HasRead(block))
        {
            pieceAt = blocks[block].At;
            piece = await blobs.ReadAsync(manifest.Blob, pieceAt, EndAt(last) - pieceAt, cancellationToken);
            Requests++;
        }

        var at = (int)(blocks[block].At - pieceAt);
        return ManifestReader.EntriesOf(piece.AsMemory(at, (int)(EndAt(block) - blocks[block].At)), blocks[block]);
    }

    long EndAt(int block) => ManifestReader.EndAt(manifest, blocks, block);
}
