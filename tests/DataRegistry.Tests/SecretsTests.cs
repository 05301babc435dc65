using System.Net;
using System.Net.Http.Json;
using DataRegistry.LocalHost.Buckets;
using DataRegistry.Tests.Datums;
using DataRegistry.Tests.Fixtures;
using DataRegistry.Tests.Telemetry;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xunit.Sdk;

namespace DataRegistry.Tests;

/// <summary>
/// No secret leaves the service except in the answer meant for it. Every other test also checks its service's log at
/// its end (<see cref="Secrets"/>).
/// </summary>
public sealed class SecretsTests
{
    const string Password = "correct horse battery staple";
    const string AccessSecret = "wJalrXUtnFEMIexampleSecretAccessKey";

    [Fact]
    public async Task Nothing_that_is_logged_exported_or_told_in_an_error_holds_a_secret()
    {
        var collected = new CollectedTelemetry();
        var service = await TestService.StartAsync(
            null, null, collected.AddTo, ("Access:SigningKey", Convert.ToBase64String([.. Enumerable.Range(0, 32).Select(i => (byte)i)])));
        service.Secrets.Add(Convert.ToBase64String([.. Enumerable.Range(0, 32).Select(i => (byte)i)]));
        await LogInAsync(service);
        await UseClientCredentialsAsync(service);
        await MakeStoresAsync(service);
        await DownloadAsync(service);
        await FailAsync(service);
        var logs = service.Logs;
        await service.DisposeAsync();

        // Each kind was collected, so the check is not empty.
        Assert.NotEmpty(logs);
        Assert.Contains(collected.Spans, s => s.DisplayName == "POST /api/v0/get-token/");
        Assert.Contains(collected.Spans, s => s.DisplayName == "GET /api/v0/data/{id}/content/");
        Assert.Contains(collected.Logs, l => l.Text.Contains("failed unexpectedly", StringComparison.Ordinal));
        Assert.NotEmpty(collected.Points);
        Assert.All(collected.Texts().Append(logs), text => Assert.Empty(service.Secrets.In(text)));
    }

    [Theory]
    [InlineData("The token is " + TestService.Token)]
    [InlineData("dr_0123456789012345678901234567890123456789abc")]
    [InlineData("GET http://bucket/key?X-Amz-Signature=0123")]
    public async Task A_secret_in_a_services_log_fails_its_test(string line)
    {
        var service = await TestService.StartAsync();
        service.Services.GetRequiredService<ILoggerFactory>().CreateLogger("test").Log(
            LogLevel.Information, default, line, null, (text, _) => text);
        await Assert.ThrowsAnyAsync<XunitException>(async () => await service.DisposeAsync());
    }

    static async Task LogInAsync(TestService service)
    {
        var alice = await service.NewUserAsync("alice", Password);
        using var wrong = await service.LogInAsync("alice", Password + "!");
        Assert.Equal(HttpStatusCode.BadRequest, wrong.StatusCode);
        using var right = await service.LogInAsync("alice", Password);
        using var http = service.As((await TestUsers.JsonAsync(right)).GetProperty("token").GetString()!);
        Assert.Equal(alice, TestUsers.Id(await TestUsers.JsonAsync(await http.SendAsync("GET", "/api/v0/users/me/"))));
        Assert.Equal(
            HttpStatusCode.BadRequest,
            await http.StatusAsync(
                "PATCH", "/api/v0/users/me/", """{"password":"another long password","current_password":"not the current one"}"""));
        // In unexpected places: in a URL, in a broken body.
        Assert.Equal(
            HttpStatusCode.NotFound,
            await http.StatusAsync("GET", $"/api/v0/nonsense/?token={http.DefaultRequestHeaders.Authorization!.Parameter}"));
        Assert.Equal(
            HttpStatusCode.BadRequest,
            await service.Http.StatusAsync("POST", "/api/v0/users/", $$"""{"username":"bob","password":"{{Password}}","""));
    }

    static async Task UseClientCredentialsAsync(TestService service)
    {
        var robot = await service.NewUserAsync("robot", type: "service_account");
        var secret = await service.NewTokenAsync(service.Http, new { name = "client", user = robot });
        using var stranger = service.NewClient();
        using var refused = await stranger.PostAsJsonAsync(
            "/api/v1/token", new { grantType = "client_credentials", clientId = robot, clientSecret = TestService.Token + "-wrong" });
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        using var granted = await stranger.PostAsJsonAsync(
            "/api/v1/token", new { grantType = "client_credentials", clientId = robot, clientSecret = secret });
        var jwt = (await TestUsers.JsonAsync(granted)).GetProperty("accessToken").GetString()!;
        using var http = service.As(jwt);
        Assert.Equal(HttpStatusCode.OK, await http.StatusAsync("GET", "/api/v0/users/me/"));
        using var forged = service.As(jwt + "AAAA");
        Assert.Equal(HttpStatusCode.Unauthorized, await forged.StatusAsync("GET", "/api/v1/datavolumes"));
    }

    static async Task MakeStoresAsync(TestService service)
    {
        foreach (var (name, bucket, url) in new[]
        {
            ("good", "bucket", service.Server.Url), ("missing", "no-such-bucket", service.Server.Url),
            ("away", "bucket", "http://127.0.0.1:1"),
        })
        {
            var configuration = new { bucket, endpoint_url = url, access_key_id = "AKIAEXAMPLE", secret_access_key = AccessSecret };
            using var made = await service.Http.PostAsJsonAsync("/api/v0/stores/", new { name, configuration });
            Assert.Equal(name == "good" ? HttpStatusCode.Created : HttpStatusCode.BadRequest, made.StatusCode);
            Assert.Empty(service.Secrets.In(await made.Content.ReadAsStringAsync()));
        }
    }

    /// <summary>Downloads by a presigned URL, and through the service for a key that no URL can name.</summary>
    static async Task DownloadAsync(TestService service)
    {
        foreach (var key in new[] { "plain", "a/../b" })
        {
            var id = await service.AdoptedAsync(key);
            var url = (await service.GetAsync($"/api/v0/data/{id}/download/")).GetProperty("url").GetString()!;
            service.Secrets.Add(url[(url.LastIndexOf('=') + 1)..]);
            using var stranger = service.NewClient();
            Assert.Equal(key, await stranger.GetStringAsync(new Uri(url)));
            if (key != "plain")
            {
                using var refused = await stranger.GetAsync(new Uri(url[..^4] + "AAAA"));
                Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
            }
        }
    }

    /// <summary>A job whose bucket fails, and a request with an unexpected failure.</summary>
    static async Task FailAsync(TestService service)
    {
        service.Put([.. Enumerable.Range(0, 101).Select(i => $"k{i:D3}")]);
        await service.AcceptAsync(Enumerable.Range(0, 101).Select(i => $"k{i:D3}"));
        service.Server.Faults = new() { InternalError = 1 };
        await Assert.ThrowsAnyAsync<Exception>(() => service.DrainAsync());
        service.Server.Faults = FaultPlan.None;
        service.Transport.Fault = new InvalidOperationException("Nobody expects this.");
        Assert.Equal(HttpStatusCode.InternalServerError, await service.Http.StatusAsync("GET", "/api/v0/projects/"));
        service.Transport.Fault = null;
    }
}
