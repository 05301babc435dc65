using System.Net;
using System.Net.Http.Headers;
using DataRegistry.LocalHost.Buckets;
using DataRegistry.Tests.Fixtures;
using DataRegistry.Tests.Stores;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace DataRegistry.Tests.Host;

/// <summary>
/// The published app with the real Azure.Identity and the real AWS SDK. The test has the identity endpoint that Azure
/// Functions gives to an app, and the security token service.
/// </summary>
[Collection(PublishedApp.Collection)]
public sealed class WebIdentityThroughTheHostTests
{
    const string Secret = "only-the-host-knows-this-header";

    [Fact]
    public async Task A_managed_identitys_token_becomes_a_session_and_is_asked_for_once()
    {
        await using var bucket = await BucketServer.StartAsync();
        bucket.CreateBucket("bucket").Put("a", "a"u8.ToArray());
        var sts = new TokenService(bucket);
        var asked = new List<string>();
        await using var identity = await IdentityEndpointAsync(asked);
        await using var handler = await WorkerRun.StartAsync(
            await AzuriteFixture.NewAccountAsync(),
            ("IDENTITY_ENDPOINT", identity.Urls.Single() + "/msi/token"), ("IDENTITY_HEADER", Secret),
            ("AzureWebJobsStorage__credential", "managedidentity"),
            ("AzureWebJobsStorage__clientId", "11111111-2222-3333-4444-555555555555"),
            ("Access__AdministratorToken", TestService.Token), ("Stores__AllowPrivateEndpoints", "true"),
            ("Stores__WebIdentityAudience", "api://data-registry"), ("Stores__WebIdentityEndpoint", bucket.Url));
        handler.Client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Token", TestService.Token);

        for (var store = 0; store < 2; store++)
        {
            using var made = await handler.Client.SendAsync(
                "POST", "/api/v0/stores/",
                $$$"""
                {"name":"store-{{{store}}}","configuration":{"bucket":"bucket","endpoint_url":"{{{bucket.Url}}}",
                "role_arn":"arn:aws:iam::123456789012:role/reader"}}
                """);
            await TestUsers.JsonAsync(made, HttpStatusCode.Created);
        }

        Assert.Equal(["api://data-registry 11111111-2222-3333-4444-555555555555"], asked);
        Assert.Equal(["a-managed-identitys-token"], sts.Assumed.Select(a => a["WebIdentityToken"]).Distinct());
        Assert.Empty(sts.Unsigned);
        Assert.DoesNotContain("a-managed-identitys-token", handler.Output, StringComparison.Ordinal);
    }

    /// <summary>https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference</summary>
    static async Task<WebApplication> IdentityEndpointAsync(List<string> asked)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var app = builder.Build();
        app.MapGet("/msi/token", (HttpContext http) =>
        {
            if (http.Request.Headers["X-IDENTITY-HEADER"] != Secret)
                return Results.Unauthorized();
            lock (asked)
                asked.Add($"{http.Request.Query["resource"]} {http.Request.Query["client_id"]}");
            var end = DateTimeOffset.UtcNow.AddHours(24).ToUnixTimeSeconds();
            return Results.Text(
                $$"""
                {"access_token":"a-managed-identitys-token","expires_on":"{{end}}","resource":"api://data-registry",
                "token_type":"Bearer","client_id":"{{http.Request.Query["client_id"]}}"}
                """, "application/json");
        });
        await app.StartAsync();
        return app;
    }
}
