using System.Net;
using System.Text;
using DataRegistry.Http;
using DataRegistry.Tests.Fixtures;
using Microsoft.AspNetCore.Http;

namespace DataRegistry.Tests;

public sealed class V1ErrorTests
{
    public static TheoryData<int, string> Messages => new()
    {
        { 401, """{"code":401,"message":"Issuer is not familiar.","details":"Why."}""" },
        { 403, """{"code":403,"message":"You do not have sufficient permissions."}""" },
        { 404, """{"code":404,"message":"Resource id not found."}""" },
        { 409, """{"code":409,"message":"Why."}""" },
        { 500, """{"code":500,"message":"Something went wrong.","details":"Why."}""" },
        { 503, """{"code":503,"message":"Please try again in few minutes.","details":"Why."}""" },
    };

    [Theory]
    [MemberData(nameof(Messages))]
    public async Task Statuses_have_their_published_messages_under_v1_and_their_own_elsewhere(int status, string body)
    {
        Assert.Equal(body, await WriteAsync(new ApiError.Detail(status, "Why."), "/api/v1/anything"));
        Assert.Equal("""{"detail":"Why."}""", await WriteAsync(new ApiError.Detail(status, "Why."), "/api/v0/anything"));
        Assert.Equal("""{"detail":"Why."}""", await WriteAsync(new ApiError.Detail(status, "Why."), "/api/v11/anything"));
    }

    [Fact]
    public async Task A_fields_error_names_the_field_in_its_message()
    {
        Assert.Equal(
            """{"code":400,"message":"name: This field is required."}""",
            await WriteAsync(CommonErrors.Required.On("name").Error, "/api/v1/anything"));
        Assert.Equal("""{"code":400,"message":"Why."}""", await WriteAsync(new ApiError.Message(400, "Why.", "code"), "/api/v1"));
    }

    [Fact]
    public async Task An_unknown_route_under_v1_has_that_shape_too()
    {
        await using var service = await TestService.StartAsync();
        using var response = await service.Http.SendAsync("GET", "/api/v1/nothing-here");
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Equal("application/json", response.Content.Headers.ContentType!.MediaType);
        Assert.Equal("""{"code":404,"message":"Resource id not found."}""", await response.Content.ReadAsStringAsync());
    }

    static async Task<string> WriteAsync(ApiError error, string path)
    {
        using var body = new MemoryStream();
        var context = new DefaultHttpContext { Request = { Path = path }, Response = { Body = body } };
        await error.WriteAsync(context);
        Assert.Equal(error.Status, context.Response.StatusCode);
        return Encoding.UTF8.GetString(body.ToArray());
    }
}
