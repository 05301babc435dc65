using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace DataRegistry.LocalHost.Buckets;

public sealed record BucketServerOptions
{
    /// <summary>0 for any free one.</summary>
    public int Port { get; init; }

    /// <summary>
    /// The folder that keeps objects as files; its buckets exist again at the next start. Null keeps them in memory.
    /// </summary>
    public string? Folder { get; init; }

    /// <summary>
    /// The only access key id that is accepted; null for any, and for requests without one. Secrets are not checked.
    /// </summary>
    public string? AccessKeyId { get; init; }
}

/// <summary>
/// The part of S3 that the registry uses, in this process, on 127.0.0.1, in path style. For demos, tests and
/// benchmarks, not for valuable data.
/// </summary>
public sealed class BucketServer : IAsyncDisposable
{
    readonly WebApplication host;
    readonly ServerFaults faults = new();
    readonly ConcurrentDictionary<string, EmbeddedBucket> buckets = new(StringComparer.Ordinal);

    BucketServer(BucketServerOptions options, WebApplication host)
    {
        Options = options;
        this.host = host;
        if (options.Folder is not null && Directory.Exists(options.Folder))
            foreach (var bucket in Directory.EnumerateDirectories(options.Folder))
                CreateBucket(Path.GetFileName(bucket));
    }

    public BucketServerOptions Options { get; }

    /// <summary>Without a slash at its end.</summary>
    public string Url { get; private set; } = "";

    public IReadOnlyDictionary<string, EmbeddedBucket> Buckets => buckets;

    public RequestCounts Requests { get; } = new();

    /// <summary>Setting it restarts its sequence.</summary>
    public FaultPlan Faults
    {
        get => faults.Plan;
        set => faults.Plan = value;
    }

    /// <summary>
    /// Called with each request and its kind, after it was counted. Returns true if it has answered, perhaps badly on
    /// purpose.
    /// </summary>
    public Func<HttpContext, string, Task<bool>>? Intercept { get; set; }

    /// <exception cref="IOException">The port is taken.</exception>
    public static async Task<BucketServer> StartAsync(BucketServerOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new();
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, options.Port);
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = 1L << 30;
            // 1 KiB of key may take 3 KiB in the path, and twice more in a query with prefix, token and signature.
            kestrel.Limits.MaxRequestLineSize = 32 << 10;
        });
        var app = builder.Build();
        var server = new BucketServer(options, app);
        app.Run(http => S3Endpoint.AnswerAsync(http, server));
        await app.StartAsync(cancellationToken);
        server.Url = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        return server;
    }

    /// <summary>The bucket of this name, created if it does not exist.</summary>
    public EmbeddedBucket CreateBucket(string name) =>
        buckets.GetOrAdd(
            name, static (name, folder) => new(name, folder is null ? null : new BucketFolder(Path.Combine(folder, name))), Options.Folder);

    public async ValueTask DisposeAsync()
    {
        // A client that still waits for an answer would delay the stop by half a minute.
        using var now = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        await host.StopAsync(now.Token);
        await host.DisposeAsync();
    }

    internal Task<bool> InjectAsync(S3Request request) => faults.InjectAsync(request);
}
