using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using DataRegistry.Access;
using DataRegistry.Storage;

namespace DataRegistry.DataVolumes;

/// <summary>
/// <code>
/// table datavolumes
/// {cluster, 4 hex} │ v-{department, 4 hex}{project, 4 hex}-{volume id}   the volume, its shared scopes inside
///                  │ s-{c|d|p}{scope id}-{volume id}                     the same without them, once for each scope it is shared with
///                  │ n-{cluster id}-{name}                               the volume that has the name
///                  │ p-{cluster id}-{volume id}                          the agent has work on it
///                  │ k-{hash of caller and Idempotency-Key}              the answer to a create with it
///                  │ a-{cluster id}                                      when the agent was last seen
/// </code>
/// Clusters, departments and projects are 16 bits of a hash in keys. Two with the same bits share row ranges, so
/// readers of a range also check the ids in the rows. All rows of a volume lie in one partition: a change is one
/// transaction.
/// </summary>
static class DataVolumeKeys
{
    /// <summary>The first 16 bits of the id's SHA-256. A change of this would lose every stored volume.</summary>
    public static ushort Short(Guid id)
    {
        Span<byte> bytes = stackalloc byte[16], hash = stackalloc byte[SHA256.HashSizeInBytes];
        id.TryWriteBytes(bytes, bigEndian: true, out _);
        SHA256.HashData(bytes, hash);
        return BinaryPrimitives.ReadUInt16BigEndian(hash);
    }

    public static string Partition(Guid cluster) => Hex(Short(cluster));

    public static string Partition(DataVolumeId id) => Hex(id.Value.Partition);

    public static string Volume(DataVolumeId id) =>
        string.Create(CultureInfo.InvariantCulture, $"v-{id.Value.Low >> 32:x8}-{id.Value.ToGuid():N}");

    public static string Share(SharedScope scope, Guid volume) => $"{SharePrefix(scope.Kind, scope.Id)}-{volume:N}";

    public static string Name(Guid cluster, DataVolumeName name) => $"n-{cluster:N}-{name}";

    public static string Pending(Guid cluster, Guid volume) => $"p-{cluster:N}-{volume:N}";

    public static string Agent(Guid cluster) => $"a-{cluster:N}";

    public static string Repetition(Guid caller, string key) =>
        $"k-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{caller:N}{key}")))}";

    // 'g' sorts after every hex digit, '.' after '-'.

    public static TableRange OriginatedIn(Scope scope) => scope.Kind switch
    {
        ScopeKind.Cluster => new(Partition(scope.Id)) { From = "v-", Before = "v." },
        ScopeKind.Department =>
            new(Partition(scope.Above!.Id)) { From = $"v-{Hex(Short(scope.Id))}", Before = $"v-{Hex(Short(scope.Id))}g" },
        ScopeKind.Project => OriginatedIn(scope.Id, scope.Above!.Id, scope.Above.Above!.Id),
        _ => throw new ArgumentOutOfRangeException(nameof(scope)),
    };

    public static TableRange OriginatedIn(Guid project, Guid department, Guid cluster) =>
        Prefixed($"v-{Hex(Short(department))}{Hex(Short(project))}", cluster);

    public static TableRange SharedWith(Guid cluster, ScopeKind kind, Guid id) => Prefixed(SharePrefix(kind, id), cluster);

    public static TableRange PendingIn(Guid cluster) => Prefixed($"p-{cluster:N}", cluster);

    static TableRange Prefixed(string prefix, Guid cluster) => new(Partition(cluster)) { From = prefix + "-", Before = prefix + "." };

    static string SharePrefix(ScopeKind kind, Guid id) => $"s-{kind switch
    {
        ScopeKind.Cluster => 'c',
        ScopeKind.Department => 'd',
        ScopeKind.Project => 'p',
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    }}{id:N}";

    static string Hex(ushort value) => value.ToString("x4", CultureInfo.InvariantCulture);
}
