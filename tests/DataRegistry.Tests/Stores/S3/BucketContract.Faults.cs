using System.Net;
using System.Net.Sockets;
using DataRegistry.Stores.S3;
using DataRegistry.Tests.Fixtures;

namespace DataRegistry.Tests.Stores.S3;

public abstract partial class BucketContract
{
    [ContractFact]
    public async Task A_missing_bucket_is_named_by_all_but_a_head()
    {
        var missing = Open("contract-missing");

        Assert.Equal(BucketFault.NoSuchBucket, await FaultAsync(() => missing.ListAsync(new ListRequest())));
        Assert.Equal(BucketFault.NoSuchBucket, await FaultAsync(() => missing.ListVersionsAsync(new ListVersionsRequest())));
        Assert.Equal(BucketFault.NoSuchBucket, await FaultAsync(() => missing.GetAsync("a")));
        Assert.Equal(BucketFault.NoSuchBucket, (await missing.ProbeAsync()).Fault);
        Assert.Null(await missing.HeadAsync("a"));
    }

    [ContractFact]
    public async Task A_probe_of_a_usable_bucket_finds_no_fault()
    {
        var probe = await Bucket.ProbeAsync("any/prefix/");

        Assert.Equal((null, BucketVersioning.Off), (probe.Fault, probe.Versioning));
    }

    [ContractFact]
    public async Task An_unknown_access_key_is_invalid_credentials()
    {
        var stranger = Open(accessKeyId: "stranger");

        Assert.Equal(BucketFault.InvalidCredentials, await FaultAsync(() => stranger.ListAsync(new ListRequest())));
        Assert.Equal(BucketFault.InvalidCredentials, (await stranger.ProbeAsync()).Fault);
        Assert.Equal(BucketFault.AccessDenied, await FaultAsync(() => stranger.HeadAsync("a")));
    }

    [ContractFact]
    public async Task Without_keys_a_private_bucket_denies_access() =>
        Assert.Equal(BucketFault.AccessDenied, (await Open(accessKeyId: null).ProbeAsync()).Fault);

    [ContractFact]
    public async Task A_refused_connection_is_unreachable()
    {
        int port;
        using (var listener = new TcpListener(IPAddress.Loopback, 0))
        {
            listener.Start();
            port = ((IPEndPoint)listener.LocalEndpoint).Port;
        }
        var nobody = Open(url: $"http://127.0.0.1:{port}");

        Assert.Equal(BucketFault.Unreachable, await FaultAsync(() => nobody.ListAsync(new ListRequest())));
        Assert.Equal(BucketFault.Unreachable, await FaultAsync(() => nobody.HeadAsync("a")));
    }

    [ContractFact]
    public async Task A_caller_who_cancels_gets_his_own_cancellation()
    {
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Bucket.HeadAsync("a", cancellationToken: cancelled.Token));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Bucket.ProbeAsync(cancellationToken: cancelled.Token));
    }
}
