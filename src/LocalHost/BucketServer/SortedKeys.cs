namespace DataRegistry.LocalHost.Buckets;

/// <summary>
/// Keys in the order of their bytes, in chunks of a few hundred. Finding and inserting cost a binary search and one
/// short move. Not safe for concurrent use.
/// </summary>
sealed class SortedKeys
{
    const int ChunkSize = 512;

    readonly List<List<StoredVersion>> chunks = [[]];

    public int Count { get; private set; }

    public StoredVersion? Find(ReadOnlySpan<byte> key)
    {
        var (chunk, index, found) = Locate(key);
        return found ? chunks[chunk][index] : null;
    }

    /// <summary>Replaces a key's newest version.</summary>
    public void Set(StoredVersion newest)
    {
        var (chunk, index, found) = Locate(newest.Key);
        var versions = chunks[chunk];
        if (found)
        {
            versions[index] = newest;
            return;
        }
        versions.Insert(index, newest);
        Count++;
        if (versions.Count > ChunkSize)
        {
            // With ascending inserts, leave full chunks behind, not half empty ones.
            var keep = index == versions.Count - 1 && chunk == chunks.Count - 1 ? ChunkSize : ChunkSize / 2;
            chunks.Insert(chunk + 1, new List<StoredVersion>(versions[keep..]));
            versions.RemoveRange(keep, versions.Count - keep);
        }
    }

    public void Remove(ReadOnlySpan<byte> key)
    {
        var (chunk, index, found) = Locate(key);
        if (!found)
            return;
        chunks[chunk].RemoveAt(index);
        Count--;
        if (chunks[chunk].Count == 0 && chunks.Count > 1)
            chunks.RemoveAt(chunk);
    }

    /// <summary>A cursor at the first key not below <paramref name="from"/>, or after it.</summary>
    public Cursor From(ReadOnlySpan<byte> from, bool after)
    {
        var (chunk, index, found) = Locate(from);
        return new(this, chunk, found && after ? index + 1 : index);
    }

    (int Chunk, int Index, bool Found) Locate(ReadOnlySpan<byte> key)
    {
        int low = 0, high = chunks.Count - 1;
        while (low < high)
        {
            var middle = (low + high + 1) / 2;
            if (chunks[middle].Count > 0 && key.SequenceCompareTo(chunks[middle][0].Key) >= 0)
                low = middle;
            else
                high = middle - 1;
        }
        var versions = chunks[low];
        int first = 0, end = versions.Count;
        while (first < end)
        {
            var middle = (first + end) / 2;
            var order = key.SequenceCompareTo(versions[middle].Key);
            if (order == 0)
                return (low, middle, true);
            if (order < 0)
                end = middle;
            else
                first = middle + 1;
        }
        return (low, first, false);
    }

    /// <summary>Valid only until the next write.</summary>
    public sealed class Cursor(SortedKeys keys, int startChunk, int startIndex)
    {
        int chunk = startChunk;
        int index = startIndex;

        public StoredVersion? Next()
        {
            while (chunk < keys.chunks.Count)
            {
                if (index < keys.chunks[chunk].Count)
                    return keys.chunks[chunk][index++];
                chunk++;
                index = 0;
            }
            return null;
        }
    }
}
