using DataRegistry.Stores.S3;
using DataRegistry.Tests.Fixtures;

namespace DataRegistry.Tests.Stores.S3;

/// <summary>The contract on Ceph, which also checks signatures.</summary>
[NeedsRadosGateway]
public sealed class RadosGatewayBucketTests : BucketContract
{
    private protected override Task<string> StartAsync() => RadosGatewayFixture.UrlAsync();

    [ContractFact]
    public async Task A_wrong_secret_is_invalid_credentials()
    {
        var impostor = Open(secret: "wrong");

        Assert.Equal(BucketFault.InvalidCredentials, await FaultAsync(() => impostor.ListAsync(new ListRequest())));
        Assert.Equal(BucketFault.InvalidCredentials, (await impostor.ProbeAsync()).Fault);
    }
}
