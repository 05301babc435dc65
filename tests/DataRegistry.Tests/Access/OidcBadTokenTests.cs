using System.Net;
using System.Security.Cryptography;
using System.Text;
using DataRegistry.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.IdentityModel.Tokens;

namespace DataRegistry.Tests.Access;

/// <summary>A service with an identity provider, whose keys are "rsa" and "ec", the user alice and the service account robot.</summary>
public sealed class ServiceWithProvider : SharedService
{
    internal static RsaSecurityKey Rsa { get; } = IdentityProvider.NewRsa("rsa");

    internal FakeClock Clock { get; } = new();

    internal IdentityProvider Provider { get; private set; } = null!;

    protected override (string Setting, string Value)[] Settings =>
        [("Oidc:Issuer", Provider.Url), ("Oidc:Audience", IdentityProvider.Audience)];

    public override async Task InitializeAsync()
    {
        Provider = await IdentityProvider.StartAsync(Clock, Rsa, IdentityProvider.NewEc("ec"));
        await base.InitializeAsync();
        await Service.NewUserAsync("alice");
        await Service.NewUserAsync("robot", type: "service_account");
    }

    public override async Task DisposeAsync()
    {
        try
        {
            await base.DisposeAsync();
        }
        finally
        {
            await Provider.DisposeAsync();
        }
    }

    protected override void Replace(IServiceCollection services) => services.AddSingleton<TimeProvider>(Clock);
}

/// <summary>Tokens that the identity provider did not make, that are not valid now, or that belong to no user.</summary>
public sealed class OidcBadTokenTests(ServiceWithProvider shared) : IClassFixture<ServiceWithProvider>
{
    static readonly RsaSecurityKey Rsa = ServiceWithProvider.Rsa;

    public static TheoryData<string> BadTokens => [.. Bad(null!, null!).Select(b => b.Name)];

    [Theory]
    [MemberData(nameof(BadTokens))]
    public async Task A_bad_token_is_401(string name)
    {
        using var good = Bearer(shared.Provider.Token(Rsa, "alice"));
        Assert.Equal(HttpStatusCode.OK, await good.StatusAsync("GET", "/api/v0/users/me/"));
        using var http = Bearer(Bad(shared.Provider, shared.Clock).Single(b => b.Name == name).Token());
        using var response = await http.SendAsync("GET", "/api/v0/users/me/");
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Equal("Token", response.Headers.WwwAuthenticate.ToString());
        using var volumes = await http.SendAsync("GET", "/api/v1/org-unit/projects");
        Assert.Equal((HttpStatusCode.Unauthorized, "Bearer"), (volumes.StatusCode, volumes.Headers.WwwAuthenticate.ToString()));
        Assert.Equal(
            name is "wrong issuer" or "no issuer" ? "Issuer is not familiar."
                : name is "expired" or "not yet valid" or "no expiry" ? "The token has expired, or is not valid yet."
                : name is "unknown user" or "a service account" or "the administrator"
                    ? "There is no user for this token."
                    : "Invalid token.",
            (await TestUsers.JsonAsync(response, HttpStatusCode.Unauthorized)).GetProperty("detail").GetString());
    }

    static IEnumerable<(string Name, Func<string> Token)> Bad(IdentityProvider provider, FakeClock clock)
    {
        string Changed(Action<SecurityTokenDescriptor> change) => provider.Token(Rsa, "alice", change: change);
        string Forged(Action<SecurityTokenDescriptor> change) => provider.Token(IdentityProvider.NewRsa("rsa"), "alice", change: change);
        string[] Parts() => provider.Token(Rsa, "alice").Split('.');

        yield return ("expired", () => Changed(
            d => (d.NotBefore, d.Expires) = (clock.GetUtcNow().AddHours(-1).UtcDateTime, clock.GetUtcNow().AddMinutes(-2).UtcDateTime)));
        yield return ("not yet valid", () => Changed(d => d.NotBefore = clock.GetUtcNow().AddMinutes(2).UtcDateTime));
        yield return ("no expiry", () => Changed(d => d.Expires = null));
        yield return ("wrong audience", () => Changed(d => d.Audience = "another"));
        yield return ("no audience", () => Changed(d => d.Audience = null));
        yield return ("wrong issuer", () => Changed(d => d.Issuer = provider.Url + "/"));
        yield return ("no issuer", () => Changed(d => d.Issuer = null));
        yield return ("unsigned", () => Changed(d => d.SigningCredentials = null));
        yield return ("alg none", () => $"{Base64UrlEncoder.Encode("""{"alg":"none","kid":"rsa"}""")}.{Parts()[1]}.{Parts()[2]}");
        yield return ("wrongly signed", () => provider.Token(IdentityProvider.NewRsa("rsa"), "alice"));
        yield return ("signed with the key of another kind", () => provider.Token(IdentityProvider.NewEc("rsa"), "alice"));
        yield return ("unknown key", () => provider.Token(IdentityProvider.NewRsa("unknown"), "alice"));
        yield return ("another's key without a name", () => provider.Token(IdentityProvider.NewRsa(null!), "alice"));
        yield return ("another's key by a path", () => provider.Token(IdentityProvider.NewRsa("../../../../dev/null"), "alice"));
        yield return ("another's key by its address", () => Forged(
            d => d.AdditionalHeaderClaims = new Dictionary<string, object>
            {
                ["jku"] = $"{provider.Url}/keys",
                ["x5u"] = $"{provider.Url}/keys",
            }));
        yield return ("another's key in the header", () => Forged(
            d => d.AdditionalHeaderClaims = new Dictionary<string, object>
            {
                ["jwk"] = new Dictionary<string, object> { ["kty"] = "RSA", ["n"] = "AQAB", ["e"] = "AQAB" },
            }));
        yield return ("HS256 with the public key", () => HmacWithPublicKey(Parts()[1]));
        yield return ("another's payload", () =>
            $"{Parts()[0]}.{Base64UrlEncoder.Encode(
                Encoding.UTF8.GetString(
                    Base64UrlEncoder.DecodeBytes(Parts()[1])).Replace("alice", "admin", StringComparison.Ordinal))}.{Parts()[2]}");
        yield return ("truncated", () => provider.Token(Rsa, "alice")[..^10]);
        yield return ("huge", () => provider.Token(Rsa, "alice", change: d => d.Claims["more"] = new string('a', 17 * 1024)));
        yield return ("no sub", () => Changed(d => d.Claims.Remove("sub")));
        yield return ("unknown user", () => provider.Token(Rsa, "bob"));
        yield return ("a service account", () => provider.Token(Rsa, "robot"));
        yield return ("the administrator", () => provider.Token(Rsa, "administrator"));
    }

    /// <summary>A token that a verifier accepts if it trusts the token's own algorithm.</summary>
    static string HmacWithPublicKey(string payload)
    {
        var text = $"{Base64UrlEncoder.Encode("""{"alg":"HS256","kid":"rsa","typ":"JWT"}""")}.{payload}";
        var key = Encoding.ASCII.GetBytes(Rsa.Rsa.ExportSubjectPublicKeyInfoPem());
        return $"{text}.{Base64UrlEncoder.Encode(HMACSHA256.HashData(key, Encoding.ASCII.GetBytes(text)))}";
    }

    HttpClient Bearer(string token) =>
        new() { BaseAddress = shared.Service.Http.BaseAddress, DefaultRequestHeaders = { Authorization = new("Bearer", token) } };
}
