using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;

namespace DataRegistry.Tests.Fixtures;

/// <summary>Creates users of a service under test, who act through its API.</summary>
static class TestUsers
{
    public static HttpClient As(this TestService service, string token)
    {
        var http = service.NewClient();
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Token", token);
        return http;
    }

    /// <summary>A service account, because a token can be made for it. Its rights are the same as a user's.</summary>
    public static async Task<(Guid Id, HttpClient Http)> NewCallerAsync(
        this TestService service, params (string Role, string ScopeType, Guid? ScopeId)[] roles)
    {
        var id = await service.NewUserAsync($"robot-{Guid.NewGuid():N}", type: "service_account");
        foreach (var (role, type, scope) in roles)
            await service.GiveAsync(id, role, type, scope);
        return (id, service.As(await service.NewTokenAsync(service.Http, new { name = "test", user = id })));
    }

    public static async Task<Guid> NewUserAsync(this TestService service, string username, string? password = null, string type = "user")
    {
        using var response = await service.Http.PostAsJsonAsync("/api/v0/users/", new { username, password, type });
        return Id(await JsonAsync(response, HttpStatusCode.Created));
    }

    public static async Task GiveAsync(this TestService service, Guid user, string role, string scopeType, Guid? scopeId)
    {
        using var response = await service.Http.PostAsJsonAsync(
            $"/api/v0/users/{user}/roles/", new { role, scope_type = scopeType, scope_id = scopeId });
        await JsonAsync(response, HttpStatusCode.Created);
    }

    public static async Task<string> NewTokenAsync(this TestService service, HttpClient http, object body)
    {
        using var response = await http.PostAsJsonAsync("/api/v0/tokens/", body);
        return (await JsonAsync(response, HttpStatusCode.Created)).GetProperty("token").GetString()!;
    }

    public static async Task<Guid> NewAsync(this TestService service, string path, object body)
    {
        using var response = await service.Http.PostAsJsonAsync(path, body);
        return Id(await JsonAsync(response, HttpStatusCode.Created));
    }

    public static async Task<HttpResponseMessage> LogInAsync(
        this TestService service, string username, string password, string? forwardedFor = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri("/api/v0/get-token/", UriKind.Relative))
        {
            Content = new FormUrlEncodedContent([new("username", username), new("password", password)]),
        };
        if (forwardedFor is not null)
            request.Headers.Add("X-Forwarded-For", forwardedFor);
        using var stranger = service.NewClient();
        return await stranger.SendAsync(request);
    }

    public static async Task<HttpStatusCode> StatusAsync(this HttpClient http, string method, string path, string? json = null)
    {
        using var response = await http.SendAsync(method, path, json);
        return response.StatusCode;
    }

    public static async Task<HttpResponseMessage> SendAsync(this HttpClient http, string method, string path, string? json = null)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(path, UriKind.RelativeOrAbsolute));
        if (json is not null)
            request.Content = new StringContent(json, Encoding.UTF8, "application/json");
        return await http.SendAsync(request);
    }

    public static async Task<JsonElement> JsonAsync(HttpResponseMessage response, HttpStatusCode expected = HttpStatusCode.OK)
    {
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == expected, $"{response.StatusCode} {text}");
        return JsonDocument.Parse(text).RootElement;
    }

    public static Guid Id(JsonElement body) => body.GetProperty("id").GetGuid();
}
