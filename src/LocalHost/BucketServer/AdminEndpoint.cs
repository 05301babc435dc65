using System.Text.Json;

namespace DataRegistry.LocalHost.Buckets;

/// <summary>
/// Endpoints for other processes. Their paths begin with an underscore, which no bucket's name may contain:
/// <code>
/// GET    /_requests   {"head": 12, "list": 3}
/// DELETE /_requests   sets all to 0
/// GET    /_faults     the plan, see <see cref="FaultPlan"/>
/// PUT    /_faults     sets the plan; {} for none
/// PUT    /_synthetic/{bucket}   lines of "{size} {key}", added as synthetic objects; creates a missing bucket
/// </code>
/// </summary>
static class AdminEndpoint
{
    public static async Task<bool> AnswersAsync(S3Request request, BucketServer server)
    {
        var http = request.Http;
        switch (request.Method, request.Bucket)
        {
            case ("GET", "_requests"):
                await http.Response.WriteAsJsonAsync(server.Requests.Snapshot(), http.RequestAborted);
                return true;
            case ("DELETE", "_requests"):
                server.Requests.Reset();
                return true;
            case ("GET", "_faults"):
                await http.Response.WriteAsJsonAsync(server.Faults, http.RequestAborted);
                return true;
            case ("PUT", "_faults"):
                try
                {
                    server.Faults = await http.Request.ReadFromJsonAsync<FaultPlan>(http.RequestAborted) ?? FaultPlan.None;
                }
                catch (JsonException e)
                {
                    throw new S3Error(400, "MalformedJSON", e.Message);
                }
                return true;
            case ("PUT", "_synthetic"):
                await AddAsync(request, server.CreateBucket(System.Text.Encoding.UTF8.GetString(request.Key)));
                return true;
            default:
                return false;
        }
    }

    static async Task AddAsync(S3Request request, EmbeddedBucket bucket)
    {
        using var lines = new StreamReader(request.Http.Request.Body);
        while (await lines.ReadLineAsync(request.Http.RequestAborted) is { } line)
        {
            var space = line.IndexOf(' ', StringComparison.Ordinal);
            if (space < 1 || space == line.Length - 1
                || !long.TryParse(
                    line.AsSpan(0, space), System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture,
                    out var size))
                throw S3Error.Argument("A line is not '{size} {key}'.");
            bucket.AddSynthetic(line[(space + 1)..], size);
        }
    }
}
