using System.Net;
using DataRegistry.Tests.Fixtures;

namespace DataRegistry.Tests.Access;

/// <summary>Tokens that are not made, and texts that are no token.</summary>
public sealed class BadTokenTests(SharedService shared) : IClassFixture<SharedService>
{
    readonly TestService service = shared.Service;

    [Theory]
    [InlineData("name", "{}")]
    [InlineData("name", """{"name":7}""")]
    [InlineData("name", """{"name":"a\nb"}""")]
    [InlineData("expires", """{"name":"a","expires":"2026-02-01"}""")]
    [InlineData("expires", """{"name":"a","expires":"soon"}""")]
    [InlineData("projects", """{"name":"a","projects":[]}""")]
    [InlineData("projects", """{"name":"a","projects":"x"}""")]
    [InlineData("projects", """{"name":"a","projects":["x"]}""")]
    [InlineData("projects", """{"name":"a","projects":[null]}""")]
    [InlineData("projects", """{"name":"a","projects":["017a515f-30a4-d0f1-d37a-53ffc38e90c7"]}""")]
    [InlineData("user", """{"name":"a","user":"x"}""")]
    [InlineData("detail", "[")]
    [InlineData("detail", "\"x\"")]
    public async Task A_bad_token_names_its_field(string field, string json)
    {
        var before = await service.GetAllAsync("/api/v0/tokens/");
        using var response = await service.Http.SendAsync("POST", "/api/v0/tokens/", json);
        Assert.Equal(field, (await TestUsers.JsonAsync(response, HttpStatusCode.BadRequest)).EnumerateObject().Single().Name);
        Assert.Equal(before.Count, (await service.GetAllAsync("/api/v0/tokens/")).Count);
    }

    [Theory]
    [InlineData("dr_")]
    [InlineData("dr_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("dr_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("dr_//////////////////////////////////////////8")]
    [InlineData("DR_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    public async Task What_is_no_token_of_ours_is_401(string text)
    {
        using var stranger = service.As(text);
        using var response = await stranger.SendAsync("GET", "/api/v0/users/me/");
        await Wire.AssertAsync("wrong-token", response);
    }
}
