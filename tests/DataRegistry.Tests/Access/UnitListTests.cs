using System.Net;
using System.Text.Json;
using DataRegistry.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;

namespace DataRegistry.Tests.Access;

/// <summary>A service with a cluster, a department in it, and three projects of that, each made in a minute of its own.</summary>
public sealed class ServiceWithUnits : SharedService
{
    readonly FakeClock clock = new();

    public Guid Cluster { get; private set; }

    public Guid Department { get; private set; }

    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        Cluster = await Service.NewAsync("/api/v0/clusters/", new { name = "c" });
        Department = await Service.NewAsync("/api/v0/departments/", new { name = "d", cluster = Cluster });
        foreach (var name in new[] { "beta", "Alpha", "gamma,name==x" })
        {
            clock.Move(TimeSpan.FromMinutes(1));
            await Service.NewAsync("/api/v0/projects/", new { name, department = Department });
        }
    }

    protected override void Replace(IServiceCollection services) => services.AddSingleton<TimeProvider>(clock);
}

/// <summary>The lists of the organization in <c>/api/v1</c>.</summary>
public sealed class UnitListTests(ServiceWithUnits shared) : IClassFixture<ServiceWithUnits>
{
    const string Projects = "/api/v1/org-unit/projects";

    readonly TestService service = shared.Service;
    readonly Guid cluster = shared.Cluster;
    readonly Guid department = shared.Department;

    [Fact]
    public async Task Units_are_listed_in_the_published_shape_as_far_as_the_caller_sees_them()
    {
        var (_, http) = await service.NewCallerAsync(("viewer", "cluster", cluster));
        using var _http = http;
        using var projects = await http.SendAsync("GET", $"{Projects}?limit=1&sortBy=createdAt&sortOrder=desc");
        await Wire.AssertAsync("v1-projects", projects);
        using var departments = await http.SendAsync("GET", "/api/v1/org-unit/departments");
        await Wire.AssertAsync("v1-departments", departments);
        using var clusters = await http.SendAsync("GET", "/api/v1/clusters");
        await Wire.AssertAsync("v1-clusters", clusters);
        var (_, stranger) = await service.NewCallerAsync();
        using var _stranger = stranger;
        Assert.Equal("""{"projects":[]}""", await (await stranger.SendAsync("GET", Projects)).Content.ReadAsStringAsync());
        Assert.Equal("[]", await (await stranger.SendAsync("GET", "/api/v1/clusters")).Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task A_time_as_it_is_listed_can_be_filtered_by()
    {
        var clock = new FakeClock();
        await using var alone = await TestService.StartAsync(null, clock);
        clock.Move(TimeSpan.FromTicks(1_234_567));
        await alone.NewAsync("/api/v0/projects/", new { name = "fine" });
        var listed = (await alone.GetAsync($"{Projects}?filterBy=name==fine")).GetProperty("projects")[0].GetProperty("createdAt")
            .GetString();
        Assert.Equal(
            "fine",
            (await alone.GetAsync($"{Projects}?filterBy=createdAt=={listed}")).GetProperty("projects")[0].GetProperty("name")
                .GetString());
    }

    [Theory]
    [InlineData("", "Alpha,beta,demo,gamma,name==x")]
    [InlineData("?sortOrder=desc", "gamma,name==x,demo,beta,Alpha")]
    [InlineData("?limit=2&offset=1", "beta,demo")]
    [InlineData("?offset=9", "")]
    [InlineData("?search=ALPH", "Alpha")]
    [InlineData("?filterBy=name==ALPHA", "Alpha")]
    [InlineData("?filterBy=name!=alpha,name!=demo", "beta,gamma,name==x")]
    [InlineData("?filterBy=name=@a&filterBy=name!@l", "beta,gamma,name==x")]
    [InlineData("?filterBy=clusterId=={cluster}&sortBy=createdAt", "beta,Alpha,gamma,name==x")]
    [InlineData("?filterBy=parentId=={department},name=@ALPHA", "Alpha")]
    [InlineData("?filterBy=departmentId!={department}", "demo")]
    [InlineData("?filterBy=clusterId==0198c0de-0000-7000-8000-0000000000ff", "")]
    public async Task Projects_are_filtered_sorted_and_paged(string query, string expected)
    {
        query = query.Replace(
            "{cluster}", $"{cluster}", StringComparison.Ordinal).Replace("{department}", $"{department}", StringComparison.Ordinal);
        var names = (await service.GetAsync(Projects + query)).GetProperty("projects").EnumerateArray().Select(Name);
        Assert.Equal(expected, string.Join(',', names));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(500)]
    public async Task Pages_lead_on_until_there_is_no_next(int limit)
    {
        var names = new List<string?>();
        for (int? offset = 0; offset is not null;)
        {
            var page = await service.GetAsync($"{Projects}?limit={limit}&offset={offset}");
            names.AddRange(page.GetProperty("projects").EnumerateArray().Select(Name));
            offset = page.TryGetProperty("next", out var next) ? next.GetInt32() : null;
        }

        Assert.Equal(["Alpha", "beta", "demo", "gamma,name==x"], names);
    }

    [Theory]
    [InlineData("limit=0")]
    [InlineData("limit=501")]
    [InlineData("offset=-1")]
    [InlineData("offset=99999999999")]
    [InlineData("sortBy=owner")]
    [InlineData("sortOrder=up")]
    [InlineData("filterBy=name")]
    [InlineData("filterBy=owner==a")]
    [InlineData("filterBy=name==")]
    [InlineData("filterBy=")]
    [InlineData("limit=1&limit=2")]
    public async Task A_wrong_parameter_is_a_400_that_names_it(string query)
    {
        foreach (var list in new[] { Projects, "/api/v1/org-unit/departments" })
        {
            var error = await service.GetAsync($"{list}?{query}", HttpStatusCode.BadRequest);
            Assert.Equal(400, error.GetProperty("code").GetInt32());
            Assert.StartsWith(query[..query.IndexOf('=')], error.GetProperty("message").GetString(), StringComparison.Ordinal);
        }
    }

    static string? Name(JsonElement unit) => unit.GetProperty("name").GetString();
}
