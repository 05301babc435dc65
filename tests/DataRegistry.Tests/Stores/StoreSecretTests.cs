using System.Globalization;
using System.Net;
using DataRegistry.Datums;
using DataRegistry.Stores;
using DataRegistry.Tests.Fixtures;
using Microsoft.Extensions.Options;

namespace DataRegistry.Tests.Stores;

/// <summary>A secret in a row works for that store only, with the fields that it was given for.</summary>
public sealed class StoreSecretTests
{
    static readonly SecretProtector Protector = new(Options.Create(new StoreOptions { SecretKey = Convert.ToBase64String(new byte[32]) }));

    static readonly Store Whole = new()
    {
        Id = Guid.NewGuid(),
        Name = "s",
        Configuration = new("b", null, "https://s3.example.org", "key", "secret", "arn:aws:iam::123456789012:role/r"),
    };

    static StoreRow Row(string? secret) => new()
    {
        PartitionKey = "stores",
        RowKey = Whole.Id.ToString("D"),
        Name = Whole.Name,
        Bucket = Whole.Configuration.Bucket,
        EndpointUrl = Whole.Configuration.EndpointUrl,
        AccessKeyId = Whole.Configuration.AccessKeyId,
        RoleArn = Whole.Configuration.RoleArn,
        Secret = secret,
        CTime = default,
    };

    [Fact]
    public void A_row_in_which_endpoint_key_or_role_were_changed_gives_no_secret()
    {
        var row = Row(StoreSecrets.Write(Protector, Whole));

        Assert.Equal("secret", StoreSecrets.Read(Protector, row));
        Assert.All(
            [
                row with { EndpointUrl = "https://evil.example.org" }, row with { EndpointUrl = null }, row with { AccessKeyId = "other" },
                row with { AccessKeyId = null }, row with { RoleArn = "arn:aws:iam::123456789012:role/other" }, row with { RoleArn = null },
                row with { RowKey = Guid.NewGuid().ToString("D") },
                // It cannot pass for a secret of an earlier version.
                row with { Secret = row.Secret![2..] },
                // Two of the fields cannot change places.
                row with { EndpointUrl = row.AccessKeyId, AccessKeyId = row.EndpointUrl },
            ],
            changed => Assert.Throws<InvalidOperationException>(() => StoreSecrets.Read(Protector, changed)));
        // Its region, and its access mode, do not affect the secret.
        Assert.Equal("secret", StoreSecrets.Read(Protector, row with { Region = "eu-west-1", AllowRead = false, Name = "t" }));
    }

    [Fact]
    public void A_secret_of_an_earlier_version_is_read_and_bound_when_its_store_is_written()
    {
        var row = Row(Protector.Protect("secret", Whole.Id.ToString("D")));

        Assert.Equal("secret", StoreSecrets.Read(Protector, row));
        Assert.Throws<InvalidOperationException>(() => StoreSecrets.Read(Protector, row with { RowKey = Guid.NewGuid().ToString("D") }));
        Assert.StartsWith("2:", StoreSecrets.Write(Protector, Whole), StringComparison.Ordinal);
        Assert.Null(StoreSecrets.Read(Protector, Row(null)));
    }

    [Fact]
    public async Task A_stored_store_with_a_secret_of_an_earlier_version_still_adopts_and_is_bound_by_its_next_change()
    {
        await using var service = await TestService.StartAsync();
        service.Put("a");
        var table = service.Storage.Tables.GetTableClient("stores");
        var id = service.Store.Id.ToString("D");
        var old = new TableEntity("stores", id) { ["Secret"] = Protector.Protect(service.Store.Configuration.SecretAccessKey!, id) };
        await table.UpdateEntityAsync(old, Azure.ETag.All, TableUpdateMode.Merge);

        using var adopted = await service.AdoptUrlAsync(service.Url("a"));
        adopted.EnsureSuccessStatusCode();
        Assert.Equal(HttpStatusCode.OK, await service.Http.StatusAsync("PATCH", $"/api/v0/stores/{id}/", """{"allow_read":false}"""));

        var row = (await table.GetEntityAsync<TableEntity>("stores", id)).Value;
        Assert.StartsWith("2:", row.GetString("Secret"), StringComparison.Ordinal);
        using var existing = await service.AdoptUrlAsync(service.Url("a"));
        Assert.Contains("already exists", await existing.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_content_token_has_a_key_of_its_own()
    {
        var clock = new FakeClock();
        var tokens = new ContentTokens(Protector, clock);
        var datum = new DatumId(DataRegistry.Storage.TimedId.FromGuid(Guid.CreateVersion7()));
        var good = tokens.Create(datum, TimeSpan.FromMinutes(1));
        var until = (clock.GetUtcNow() + TimeSpan.FromMinutes(1)).ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        // The right text for the right datum, but sealed with the key of the stores' secrets, or of another purpose.
        string Sealed(SecretProtector by) => by.Protect(until, $"content of {datum}").Replace('+', '-').Replace('/', '_').TrimEnd('=');

        Assert.True(tokens.IsGood(datum, good));
        Assert.False(tokens.IsGood(datum, Sealed(Protector)));
        Assert.False(tokens.IsGood(datum, Sealed(Protector.For("something else"))));
        Assert.True(tokens.IsGood(datum, Sealed(Protector.For("content tokens"))));
    }
}
