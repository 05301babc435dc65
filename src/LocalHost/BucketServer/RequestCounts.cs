using System.Collections.Concurrent;

namespace DataRegistry.LocalHost.Buckets;

/// <summary>
/// Requests received, by kind: <c>head</c>, <c>list</c>, <c>list_versions</c>, <c>get</c>, <c>get_versioning</c>,
/// <c>put</c>, <c>delete</c>, <c>head_bucket</c>, <c>other</c>. Requests answered with an injected fault count too.
/// </summary>
public sealed class RequestCounts
{
    readonly ConcurrentDictionary<string, long> counts = new(StringComparer.Ordinal);

    public long this[string kind] => counts.GetValueOrDefault(kind);

    public long Total => counts.Values.Sum();

    public IReadOnlyDictionary<string, long> Snapshot() => new SortedDictionary<string, long>(counts, StringComparer.Ordinal);

    public void Reset() => counts.Clear();

    internal void Add(string kind) => counts.AddOrUpdate(kind, 1, static (_, n) => n + 1);
}
