using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace DataRegistry.Tests.Access;

/// <summary>An identity provider on a real port: a discovery document, the keys that it names, and tokens.</summary>
sealed class IdentityProvider : IAsyncDisposable
{
    public const string Audience = "registry";

    readonly WebApplication app;
    readonly TimeProvider clock;
    int reads;

    IdentityProvider(WebApplication app, TimeProvider clock) => (this.app, this.clock) = (app, clock);

    public string Url => app.Urls.Single();

    /// <summary>The published keys.</summary>
    public List<SecurityKey> Keys { get; } = [];

    /// <summary>The number of reads of its discovery document.</summary>
    public int Reads => reads;

    /// <summary>Answers badly, if set.</summary>
    public Func<HttpContext, Task>? Fault { get; set; }

    public static async Task<IdentityProvider> StartAsync(TimeProvider clock, params SecurityKey[] keys)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var app = builder.Build();
        var provider = new IdentityProvider(app, clock);
        provider.Keys.AddRange(keys);
        app.MapGet("/.well-known/openid-configuration", async context =>
        {
            Interlocked.Increment(ref provider.reads);
            if (provider.Fault is { } fault)
                await fault(context);
            else
                await context.Response.WriteAsJsonAsync(
                    new { issuer = provider.Url, jwks_uri = $"{provider.Url}/keys", token_endpoint = $"{provider.Url}/token" });
        });
        app.MapGet("/keys", context => context.Response.WriteAsJsonAsync(new { keys = provider.Keys.Select(Public) }));
        await app.StartAsync();
        return provider;
    }

    public static RsaSecurityKey NewRsa(string id) => new(RSA.Create(2048)) { KeyId = id };

    public static ECDsaSecurityKey NewEc(string id) => new(ECDsa.Create(ECCurve.NamedCurves.nistP256)) { KeyId = id };

    /// <summary>A token that is valid for ten minutes, unless <paramref name="change"/> changes it.</summary>
    public string Token(
        SecurityKey key, string user, string? algorithm = null, string? subject = null, Action<SecurityTokenDescriptor>? change = null)
    {
        var descriptor = new SecurityTokenDescriptor
        {
            Issuer = Url,
            Audience = Audience,
            IssuedAt = clock.GetUtcNow().UtcDateTime,
            NotBefore = clock.GetUtcNow().UtcDateTime,
            Expires = clock.GetUtcNow().AddMinutes(10).UtcDateTime,
            Claims = new Dictionary<string, object> { ["sub"] = subject ?? $"id-of-{user}", ["preferred_username"] = user },
            SigningCredentials = new(
                key, algorithm ?? (key is ECDsaSecurityKey ? SecurityAlgorithms.EcdsaSha256 : SecurityAlgorithms.RsaSha256)),
        };
        change?.Invoke(descriptor);
        return new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(descriptor);
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();

    static object Public(SecurityKey key)
    {
        var jwk = JsonWebKeyConverter.ConvertFromSecurityKey(key is RsaSecurityKey rsa
            ? new RsaSecurityKey(rsa.Rsa.ExportParameters(includePrivateParameters: false)) { KeyId = key.KeyId } : key);
        return jwk.Kty == "RSA"
            ? new { kty = jwk.Kty, kid = jwk.Kid, use = "sig", n = jwk.N, e = jwk.E }
            : new { kty = jwk.Kty, kid = jwk.Kid, use = "sig", crv = jwk.Crv, x = jwk.X, y = jwk.Y };
    }
}
