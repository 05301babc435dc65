using System.Globalization;
using System.Text;
using DataRegistry.LocalHost.Buckets;
using DataRegistry.Organization;
using DataRegistry.Stores;

namespace DataRegistry.LocalHost;

/// <summary>
/// A project, a store and a bucket with sample objects. Each start keeps an earlier start's data and adds missing
/// parts.
/// </summary>
static class DemoData
{
    public const string Bucket = "demo";

    /// <summary>The embedded server accepts any key, but requests must be signed with one.</summary>
    public const string AccessKeyId = "local", SecretAccessKey = "local";

    // The ids are constant, so that copied commands stay valid.
    static readonly Guid ProjectId = Guid.Parse(
        "0198c0de-0000-7000-8000-000000000001"), StoreId = Guid.Parse("0198c0de-0000-7000-8000-000000000002");

    static readonly string[] Sites = ["berlin", "são paulo", "東京", "new york"];
    static readonly string[] Sensors = ["camera-front", "camera-rear", "lidar"];

    /// <summary>The ids of the demo store and project, for the printed commands.</summary>
    public sealed record Ids(Guid Store, Guid Project);

    /// <summary>
    /// The keys of the demo objects. They are the same at each start, so datums stay valid. The first is short and
    /// plain.
    /// </summary>
    public static IEnumerable<string> Keys(int count)
    {
        string[] beginning =
        [
            "readme.txt",
            "datasets/drives/labels.json",
            "models/2026-03-01/detector v2.onnx",
            "models/2026-03-01/detector v2 (final).onnx",
            "reports/überblick & zahlen #1.pdf",
            "reports/100% covered?.csv",
            "archive/empty.bin",
        ];
        IEnumerable<string> drives = Enumerable.Range(0, Math.Max(0, count)).Select(n => string.Create(
            CultureInfo.InvariantCulture,
            $"datasets/drives/{Sites[n / 3 % Sites.Length]}/2026-{1
                + (n / 12 % 12):00}/{Sensors[n % Sensors.Length]}/frame_{n:00000}.{(n % Sensors.Length == 2 ? "pcd" : "jpg")}"));
        return beginning.Concat(drives).Take(count);
    }

    /// <summary>Adds missing objects, and leaves existing ones as they are.</summary>
    public static void FillBucket(BucketServer server, int count)
    {
        EmbeddedBucket bucket = server.CreateBucket(Bucket);
        foreach (string key in Keys(count))
        {
            if (bucket.Find(Encoding.UTF8.GetBytes(key), versionId: null) is null)
            {
                string content = key.EndsWith("empty.bin", StringComparison.Ordinal) ? "" : $"Demo object {key}\n";
                bucket.Put(key, Encoding.UTF8.GetBytes(content));
            }
        }
    }

    /// <summary>
    /// Creates the demo project, and in it the demo store on <paramref name="endpointUrl"/>. If an earlier start's
    /// store has another port, it is changed.
    /// </summary>
    public static async Task<Ids> CreateProjectAndStoreAsync(
        IServiceProvider services, string endpointUrl, CancellationToken cancellationToken)
    {
        Project project = await services.GetRequiredService<ProjectTable>().EnsureAsync(ProjectId, "demo", cancellationToken);
        Store store = await services.GetRequiredService<StoreTable>().EnsureAsync(
            new Store
            {
                Id = StoreId,
                Name = Bucket,
                Configuration = new(Bucket, Region: null, endpointUrl, AccessKeyId, SecretAccessKey, RoleArn: null),
            }, cancellationToken);
        return new(store.Id, project.Id);
    }
}
