using System.Net;
using DataRegistry.Tests.Fixtures;

namespace DataRegistry.Tests.Access;

/// <summary>The fields of users, roles and tokens, and the parameters of lists, that are refused.</summary>
public sealed class AccessFieldTests(SharedService shared) : IClassFixture<SharedService>
{
    readonly TestService service = shared.Service;

    [Theory]
    [InlineData("username", "{}")]
    [InlineData("username", """{"username":7}""")]
    [InlineData("username", """{"username":"über"}""")]
    [InlineData("username", """{"username":"a b"}""")]
    [InlineData("username", """{"username":"\ud800"}""")]
    [InlineData("username", """{"username":"Administrator"}""")]
    [InlineData("password", """{"username":"a","password":"short"}""")]
    [InlineData("password", """{"username":"a","type":"service_account","password":"long enough it is"}""")]
    [InlineData("type", """{"username":"a","type":"1"}""")]
    [InlineData("username", """{"username":"a","username":"b"}""")]
    [InlineData("email", """{"username":"a","email":"a\nb"}""")]
    [InlineData("disabled", """{"username":"a"}""", "PATCH")]
    public async Task A_bad_user_names_its_field(string field, string json, string method = "POST")
    {
        var id = method == "PATCH" ? await service.NewUserAsync("somebody") : Guid.Empty;
        using var response = method == "PATCH"
            ? await service.Http.SendAsync(method, $"/api/v0/users/{id}/", """{"disabled":"yes"}""")
            : await service.Http.SendAsync(method, "/api/v0/users/", json);
        Assert.Contains(
            (await TestUsers.JsonAsync(response, HttpStatusCode.BadRequest)).EnumerateObject().Single().Name, new[] { field, "detail" });
    }

    [Theory]
    [InlineData("role", """{"scope_type":"system"}""")]
    [InlineData("role", """{"role":"0","scope_type":"system"}""")]
    [InlineData("scope_type", """{"role":"viewer"}""")]
    [InlineData("scope_type", """{"role":"viewer","scope_type":"galaxy"}""")]
    [InlineData("scope_id", """{"role":"viewer","scope_type":"project"}""")]
    [InlineData("scope_id", """{"role":"viewer","scope_type":"project","scope_id":"x"}""")]
    [InlineData("scope_id", """{"role":"viewer","scope_type":"project","scope_id":"017a515f-30a4-d0f1-d37a-53ffc38e90c7"}""")]
    [InlineData("scope_id", """{"role":"viewer","scope_type":"system","scope_id":"017a515f-30a4-d0f1-d37a-53ffc38e90c7"}""")]
    public async Task A_bad_role_names_its_field(string field, string json)
    {
        var alice = await service.NewUserAsync($"user-{Guid.NewGuid():N}");
        using var response = await service.Http.SendAsync("POST", $"/api/v0/users/{alice}/roles/", json);
        Assert.Equal(field, (await TestUsers.JsonAsync(response, HttpStatusCode.BadRequest)).EnumerateObject().Single().Name);
    }

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
    [InlineData("limit=0")]
    [InlineData("limit=a")]
    [InlineData("limit=1&limit=2")]
    [InlineData("cursor=AAAA")]
    [InlineData("cursor=%00")]
    [InlineData("cursor=%F0%9F%98%80")]
    public async Task A_wrong_paging_parameter_is_a_400_of_its_field(string query)
    {
        foreach (var list in new[] { "users", "tokens", "projects", "clusters", "departments", "audit" })
        {
            var error = await service.GetAsync($"/api/v0/{list}/?{query}", HttpStatusCode.BadRequest);
            Assert.Equal(query[..query.IndexOf('=')], error.EnumerateObject().Single().Name);
        }
    }
}
