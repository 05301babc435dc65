using Azure.Core;
using Azure.Core.Pipeline;
using DataRegistry.Storage;
using DataRegistry.Tests.Fixtures;
using Microsoft.Extensions.Configuration;

namespace DataRegistry.Tests.Storage;

[Collection(AzuriteTests.Name)]
public sealed class StorageAccountTests(AzuriteFixture azurite)
{
    const string SomeKey = "c2VjcmV0LWtleQ==";

    static StorageAccount Account(params (string Name, string Value)[] settings) => Account(null, null, settings);

    static StorageAccount Account(
        TokenCredential? credential, HttpPipelineTransport? transport, params (string Name, string Value)[] settings) =>
        StorageAccount.FromConfiguration(
            new ConfigurationBuilder().AddInMemoryCollection(
                settings.Select(setting => KeyValuePair.Create(setting.Name, (string?)setting.Value))).Build(), credential, transport);

    [Fact]
    public async Task A_connection_string_reaches_all_three_services()
    {
        var account = Account(("AzureWebJobsStorage", azurite.ConnectionString));
        var name = AzuriteFixture.NewTableName();
        await account.Tables.GetTableClient(name).CreateIfNotExistsAsync();
        await account.Queues.GetQueueClient(name).CreateIfNotExistsAsync();
        await account.Queues.GetQueueClient(name).SendMessageAsync("clear");
        Assert.Equal("clear", (await account.Queues.GetQueueClient(name).PeekMessageAsync()).Value.MessageText);
        await account.Blobs.GetBlobContainerClient(name).CreateIfNotExistsAsync();
    }

    [Fact]
    public void Development_storage_is_the_emulators_account_and_ports()
    {
        var account = Account(("AzureWebJobsStorage", "UseDevelopmentStorage=true"));
        Assert.Equal(new Uri("http://127.0.0.1:10002/devstoreaccount1"), account.Tables.Uri);
        Assert.Equal(new Uri("http://127.0.0.1:10001/devstoreaccount1"), account.Queues.Uri);
        Assert.Equal(new Uri("http://127.0.0.1:10000/devstoreaccount1"), account.Blobs.Uri);
    }

    [Fact]
    public void A_connection_string_of_Azure_names_the_endpoints_by_its_suffix()
    {
        var account = Account(
            ("AzureWebJobsStorage", $"DefaultEndpointsProtocol=https;accountname=acc;AccountKey={SomeKey};EndpointSuffix=core.example"));
        Assert.Equal(new Uri("https://acc.table.core.example"), account.Tables.Uri);
        Assert.Equal("acc.queue.core.example", account.Queues.Uri.Host);
        Assert.Equal("acc.blob.core.example", account.Blobs.Uri.Host);
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("AccountName=a")]
    [InlineData("AccountName=a;AccountKey=!!secret!!")]
    [InlineData("AccountName=a;AccountName=b;AccountKey=c2VjcmV0")]
    [InlineData("UseDevelopmentStorage=maybe")]
    [InlineData("AccountName=a;AccountKey=c2VjcmV0;TableEndpoint=ftp://x")]
    public void A_malformed_connection_string_is_refused_without_showing_its_key(string text)
    {
        var error = Assert.Throws<InvalidOperationException>(() => Account(("AzureWebJobsStorage", text)));
        Assert.StartsWith("AzureWebJobsStorage is no storage connection string: ", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", error.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("c2VjcmV0", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void An_account_name_gives_the_public_endpoints()
    {
        var account = Account(("AzureWebJobsStorage:accountName", "acc"));
        Assert.Equal(new Uri("https://acc.table.core.windows.net"), account.Tables.Uri);
        Assert.Equal(new Uri("https://acc.queue.core.windows.net"), account.Queues.Uri);
        Assert.Equal(new Uri("https://acc.blob.core.windows.net"), account.Blobs.Uri);
    }

    [Fact]
    public void Service_addresses_are_taken_as_they_are()
    {
        var account = Account(
            ("AzureWebJobsStorage:tableServiceUri", "https://t.example"), ("AzureWebJobsStorage:queueServiceUri", "https://q.example"),
            ("AzureWebJobsStorage:blobServiceUri", "https://b.example"),
            ("AzureWebJobsStorage:credential", "managedidentity"),
            ("AzureWebJobsStorage:clientId", "6f9619ff-8b86-d011-b42d-00c04fc964ff"));
        Assert.Equal(("t.example", "q.example", "b.example"), (account.Tables.Uri.Host, account.Queues.Uri.Host, account.Blobs.Uri.Host));
    }

    [Fact]
    public void Settings_from_environment_variables_are_the_same()
    {
        Environment.SetEnvironmentVariable("StorageAccountTests_AzureWebJobsStorage__accountName", "acc");
        var configuration = new ConfigurationBuilder().AddEnvironmentVariables("StorageAccountTests_").Build();
        Assert.Equal("acc.table.core.windows.net", StorageAccount.FromConfiguration(configuration).Tables.Uri.Host);
    }

    [Fact]
    public void Missing_and_contradictory_settings_are_named()
    {
        Assert.Contains("AzureWebJobsStorage__accountName", Refused(), StringComparison.Ordinal);
        Assert.Contains(
            "AzureWebJobsStorage__accountName",
            Refused(("AzureWebJobsStorage", "UseDevelopmentStorage=true"), ("AzureWebJobsStorage:accountName", "acc")),
            StringComparison.Ordinal);
        Assert.Contains(
            "AzureWebJobsStorage__queueServiceUri", Refused(("AzureWebJobsStorage:tableServiceUri", "https://t.example")),
            StringComparison.Ordinal);
        Assert.Contains(
            "AzureWebJobsStorage__tableServiceUri", Refused(("AzureWebJobsStorage:tableServiceUri", "http://t.example")),
            StringComparison.Ordinal);
        Assert.Contains(
            "AzureWebJobsStorage__credential",
            Refused(("AzureWebJobsStorage:accountName", "acc"), ("AzureWebJobsStorage:credential", "magic")), StringComparison.Ordinal);

        static string Refused(params (string, string)[] settings) =>
            Assert.Throws<InvalidOperationException>(() => Account(settings)).Message;
    }

    [Fact]
    public async Task An_identity_sends_its_token_for_storage()
    {
        using var handler = new FaultyHandler { Answers = { () => new HttpResponseMessage(System.Net.HttpStatusCode.NoContent) } };
        var credential = new FakeCredential();
        var account = Account(credential, new HttpClientTransport(new HttpClient(handler)), ("AzureWebJobsStorage:accountName", "acc"));
        await account.Tables.GetTableClient("table").CreateIfNotExistsAsync();
        Assert.StartsWith("https://acc.table.core.windows.net/Tables?", handler.LastAddress, StringComparison.Ordinal);
        Assert.Equal("Bearer fake-token", handler.LastRequest!.Headers.Authorization!.ToString());
        Assert.Equal("https://storage.azure.com/.default", credential.Scope);
    }

    sealed class FakeCredential : TokenCredential
    {
        public string? Scope { get; private set; }

        public override AccessToken GetToken(TokenRequestContext requestContext, CancellationToken cancellationToken)
        {
            Scope = Assert.Single(requestContext.Scopes);
            return new AccessToken("fake-token", DateTimeOffset.MaxValue);
        }

        public override ValueTask<AccessToken> GetTokenAsync(TokenRequestContext requestContext, CancellationToken cancellationToken) =>
            new(GetToken(requestContext, cancellationToken));
    }
}
