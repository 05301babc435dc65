using System.Net;
using DataRegistry.LocalHost.Buckets;
using DataRegistry.Stores;
using DataRegistry.Stores.S3;
using Microsoft.Extensions.Options;

namespace DataRegistry.Tests.Stores;

public sealed class EndpointGuardTests
{
    [Theory]
    [InlineData("8.8.8.8", AddressKind.Public)]
    [InlineData("52.216.0.1", AddressKind.Public)]
    [InlineData("172.32.0.1", AddressKind.Public)]
    [InlineData("100.128.0.1", AddressKind.Public)]
    [InlineData("2600:1fa0::1", AddressKind.Public)]
    [InlineData("fd20:ce::254", AddressKind.Forbidden)]
    [InlineData("192.0.0.192", AddressKind.Forbidden)]
    [InlineData("fd00:c1::a9fe:a9fe", AddressKind.Forbidden)]
    [InlineData("10.0.0.1", AddressKind.Private)]
    [InlineData("127.255.0.1", AddressKind.Private)]
    [InlineData("172.31.255.255", AddressKind.Private)]
    [InlineData("192.168.1.1", AddressKind.Private)]
    [InlineData("100.64.0.1", AddressKind.Private)]
    [InlineData("169.254.1.1", AddressKind.Private)]
    [InlineData("0.1.2.3", AddressKind.Private)]
    [InlineData("240.0.0.1", AddressKind.Private)]
    [InlineData("::1", AddressKind.Private)]
    [InlineData("fe80::1%3", AddressKind.Private)]
    [InlineData("fec0::1", AddressKind.Private)]
    [InlineData("fd12::1", AddressKind.Private)]
    [InlineData("::127.0.0.1", AddressKind.Private)]
    [InlineData("::ffff:127.0.0.1", AddressKind.Private)]
    [InlineData("::ffff:8.8.8.8", AddressKind.Private)]
    [InlineData("64:ff9b::8.8.8.8", AddressKind.Private)]
    [InlineData("64:ff9b:1::1", AddressKind.Private)]
    [InlineData("2002:7f00:1::", AddressKind.Private)]
    [InlineData("2001:0:7f00:1::", AddressKind.Private)]
    [InlineData("0.0.0.0", AddressKind.Forbidden)]
    [InlineData("::", AddressKind.Forbidden)]
    [InlineData("224.0.0.1", AddressKind.Forbidden)]
    [InlineData("255.255.255.255", AddressKind.Forbidden)]
    [InlineData("ff02::1", AddressKind.Forbidden)]
    [InlineData("169.254.169.254", AddressKind.Forbidden)]
    [InlineData("::ffff:169.254.169.254", AddressKind.Forbidden)]
    [InlineData("64:ff9b::169.254.169.254", AddressKind.Forbidden)]
    [InlineData("fd00:ec2::254", AddressKind.Forbidden)]
    [InlineData("168.63.129.16", AddressKind.Forbidden)]
    public void An_address_is_of_its_kind_however_it_is_written(string address, AddressKind kind) =>
        Assert.Equal(kind, Addresses.KindOf(IPAddress.Parse(address)));

    [Theory]
    [InlineData("http://127.0.0.1:9000/")]
    [InlineData("http://127.1/")]
    [InlineData("http://2130706433/")]
    [InlineData("http://0x7f.1/")]
    [InlineData("http://[::1]:9000/")]
    [InlineData("https://[::ffff:10.0.0.1]/")]
    public async Task A_literal_address_is_refused_unless_private_ones_are_allowed(string endpoint)
    {
        var refusal = await Guard(false).RefusalAsync(new Uri(endpoint), default);
        Assert.Equal("endpoint_refused", refusal!.Code);
        Assert.False(refusal.IsTransient);
        Assert.Contains("Stores__AllowPrivateEndpoints", refusal.Message, StringComparison.Ordinal);
        Assert.Null(await Guard(true).RefusalAsync(new Uri(endpoint), default));
    }

    [Theory]
    [InlineData("http://169.254.169.254/latest/")]
    [InlineData("http://[::ffff:a9fe:a9fe]/")]
    [InlineData("http://0/")]
    public async Task A_metadata_service_is_refused_even_where_private_addresses_are_allowed(string endpoint) =>
        Assert.NotNull(await Guard(true).RefusalAsync(new Uri(endpoint), default));

    [Theory]
    [InlineData("10.0.0.1")]
    [InlineData("8.8.8.8", "10.0.0.1")]
    public async Task A_name_is_refused_for_any_of_its_addresses(params string[] addresses) =>
        Assert.NotNull(await Guard(false, addresses).RefusalAsync(new Uri("https://s3.example.org/"), default));

    [Fact]
    public async Task A_name_that_resolves_to_a_private_address_later_is_not_connected_to()
    {
        await using var server = await BucketServer.StartAsync();
        server.CreateBucket("demo").Put("a", "1"u8);
        var resolutions = 0;
        var guard = new EndpointGuard(
            Options.Create(new StoreOptions()),
            (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Parse(resolutions++ == 0 ? "8.8.8.8" : "127.0.0.1")]));
        var endpoint = new UriBuilder(server.Url) { Host = "s3.example.org" }.Uri;
        Assert.Null(await guard.RefusalAsync(endpoint, default));

        using var buckets = new Buckets(new() { Connect = guard.ConnectAsync });
        var fault = await Assert.ThrowsAsync<BucketException>(() => buckets.Open(Store(endpoint)).HeadAsync("a"));
        Assert.Equal(BucketFault.EndpointRefused, fault.Fault);
        // The probe of a new store, and one connection: a refusal is not retried.
        Assert.Equal(2, resolutions);
    }

    [Fact]
    public async Task A_connection_goes_to_the_address_that_was_looked_at()
    {
        await using var server = await BucketServer.StartAsync();
        server.CreateBucket("demo").Put("a", "1"u8);
        var resolved = new List<string>();
        var guard = new EndpointGuard(Options.Create(new StoreOptions { AllowPrivateEndpoints = true }), (host, _) =>
        {
            resolved.Add(host);
            return Task.FromResult<IPAddress[]>([IPAddress.Loopback]);
        });
        using var buckets = new Buckets(new() { Connect = guard.ConnectAsync });
        Assert.NotNull(await buckets.Open(Store(new UriBuilder(server.Url) { Host = "s3.example.org" }.Uri)).HeadAsync("a"));
        Assert.Equal(["s3.example.org"], resolved);
    }

    [Fact]
    public async Task Amazons_own_endpoints_are_guarded_too()
    {
        using var buckets = new Buckets(new() { Connect = Guard(false, "10.0.0.1").ConnectAsync });
        var store = new Store { Id = Guid.NewGuid(), Name = "demo", Configuration = new("demo", "eu-west-1", null, "key", "secret", null) };
        Assert.Equal(BucketFault.EndpointRefused, (await buckets.Open(store).ProbeAsync()).Fault);
    }

    static EndpointGuard Guard(bool allowed, params string[] addresses) =>
        new(Options.Create(new StoreOptions { AllowPrivateEndpoints = allowed }), (_, _) => Task.FromResult(
            addresses.Select(IPAddress.Parse).ToArray()));

    static Store Store(Uri endpoint) =>
        new() { Id = Guid.NewGuid(), Name = "demo", Configuration = new("demo", null, endpoint.ToString(), "key", "secret", null) };
}
