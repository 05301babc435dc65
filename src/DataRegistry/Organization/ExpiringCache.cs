using System.Collections.Concurrent;

namespace DataRegistry.Organization;

/// <summary>
/// Values that were read recently, so requests do not read them again. A change of another process shows after at most
/// <paramref name="age"/>, and a change of this process at once if it forgets the value. Absent values are not cached.
/// </summary>
public sealed class ExpiringCache<TKey, TValue>(TimeProvider clock, TimeSpan age) where TKey : notnull where TValue : class
{
    const int MaxEntries = 10_000;

    readonly ConcurrentDictionary<TKey, (TValue Value, DateTimeOffset Read)> entries = new();

    public async ValueTask<TValue?> GetAsync(TKey key, Func<CancellationToken, Task<TValue?>> read, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        if (Find(key) is { } known)
            return known;
        // The time before the read counts, so a change during the read shows in time.
        if (await read(cancellationToken) is not { } value)
        {
            entries.TryRemove(key, out _);
            return null;
        }

        Put(key, value, now);
        return value;
    }

    /// <summary>The cached value; null if there is none.</summary>
    public TValue? Find(TKey key) => entries.TryGetValue(key, out var known) && clock.GetUtcNow() - known.Read < age ? known.Value : null;

    /// <summary>Keeps a value that was read with others.</summary>
    /// <param name="read">The time before it was read.</param>
    public void Put(TKey key, TValue value, DateTimeOffset read)
    {
        if (entries.Count >= MaxEntries)
            entries.Clear();
        entries[key] = (value, read);
    }

    public void Forget(TKey key) => entries.TryRemove(key, out _);
}
