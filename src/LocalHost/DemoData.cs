using System.Globalization;
using System.Text;
using DataRegistry.LocalHost.Buckets;
using DataRegistry.Organization;
using DataRegistry.Stores;

namespace DataRegistry.LocalHost;

/// <summary>
/// A project, a store and a bucket of objects to try things on. Each start finds what an earlier one made and adds what is missing.
/// </summary>
static class DemoData
{
    public const string Bucket = "demo";

    /// <summary>The embedded server accepts any; it only has to be signed with something.</summary>
    public const string AccessKeyId = "local", SecretAccessKey = "local";

    // Always the same, so that commands which were pasted somewhere go on working.
    static readonly Guid ProjectId = Guid.Parse(
        "0198c0de-0000-7000-8000-000000000001"), StoreId = Guid.Parse("0198c0de-0000-7000-8000-000000000002");

    static readonly string[] Sites = ["berlin", "são paulo", "東京", "new york"];
    static readonly string[] Sensors = ["camera-front", "camera-rear", "lidar"];

    /// <summary>The demo store's id and project's id, for the commands that are printed.</summary>
    public sealed record Ids(Guid Store, Guid Project);

    /// <summary>
    /// The keys of the demo objects: the same at each start, so that what was adopted stays adopted. The first is short and plain.
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

    /// <summary>Objects that are there already are left as they are.</summary>
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
    /// The demo project, and in it the demo store on <paramref name="endpointUrl"/>. A store that an earlier start made may
    /// name another port: it is changed then.
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
