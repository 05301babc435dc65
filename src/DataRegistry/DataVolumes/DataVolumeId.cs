using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using DataRegistry.Organization;
using DataRegistry.Storage;

namespace DataRegistry.DataVolumes;

/// <summary>
/// A data volume's id. Its partition bits stand for the cluster. The upper half of its tail stands for department and
/// project (16 bits each, see <see cref="DataVolumeKeys"/>); the rest is random. So the id gives the volume's partition
/// and row, and a project's volumes are neighbours.
/// </summary>
public readonly record struct DataVolumeId(TimedId Value)
{
    public static DataVolumeId Create(DateTimeOffset time, Project project) => new(TimedId.Create(
        time, DataVolumeKeys.Short(project.Cluster),
        (ulong)DataVolumeKeys.Short(project.Department) << 48 | (ulong)DataVolumeKeys.Short(project.Id) << 32
            | BinaryPrimitives.ReadUInt32BigEndian(RandomNumberGenerator.GetBytes(4))));

    /// <summary>Accepts any spelling of a UUID.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out DataVolumeId id)
    {
        var parsed = TimedId.TryParse(text, out var value);
        id = new(value);
        return parsed;
    }

    internal static DataVolumeId Of(DataVolumeRow row) => new(TimedId.FromGuid(row.Id));

    public override string ToString() => Value.ToString();
}
