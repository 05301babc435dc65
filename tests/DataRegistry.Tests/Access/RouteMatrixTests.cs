using System.Collections.Concurrent;
using DataRegistry.Access;
using DataRegistry.Tests.Fixtures;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Xunit.Abstractions;

namespace DataRegistry.Tests.Access;

/// <summary>A service with all that the routes act on. No test deletes what another one needs.</summary>
public sealed class ServiceWithRoutes : SharedService
{
    internal MatrixRoutes Routes { get; private set; } = null!;

    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        Routes = await MatrixRoutes.CreateAsync(Service);
    }
}

/// <summary>Every role, given at every place, tries every route of both APIs.</summary>
public sealed class RouteMatrixTests(ServiceWithRoutes shared, ITestOutputHelper output) : IClassFixture<ServiceWithRoutes>
{
    const int Parallel = 6;

    readonly TestService service = shared.Service;
    readonly MatrixRoutes matrix = shared.Routes;

    [Fact]
    public void Every_route_that_is_mapped_is_in_the_matrix_and_no_other()
    {
        var mapped = service.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(e => e.RoutePattern.RawText!.StartsWith("/api/", StringComparison.Ordinal))
            .SelectMany(
                e => e.Metadata.GetRequiredMetadata<HttpMethodMetadata>().HttpMethods.Select(m => $"{m} {e.RoutePattern.RawText}"))
                .ToHashSet();
        // A service account has no name or password of its own to change.
        mapped.Remove("PATCH /api/v0/users/me/");
        Assert.Equal(
            mapped.Order(StringComparer.Ordinal),
            matrix.All.Select(r => r.Route).Concat(MatrixRoutes.Open).Distinct().Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Every_role_at_every_place_is_let_do_what_it_may_and_refused_the_rest()
    {
        var wrong = new ConcurrentQueue<string>();
        var (tried, allowed) = (0, 0);
        var callers = Enum.GetValues<Role>().SelectMany(role => Enum.GetValues<Place>().Select(place => (Role: role, Place: place)));
        await System.Threading.Tasks.Parallel.ForEachAsync(
            callers, new ParallelOptions { MaxDegreeOfParallelism = Parallel }, async (caller, _) =>
        {
            var (kind, id) = ScopeOf(caller.Place);
            var (_, http) = await service.NewCallerAsync((DataRegistry.Http.Fields.WireName(caller.Role), kind, id));
            using var _http = http;
            foreach (var route in matrix.All)
            {
                var may = May(route, caller.Role, caller.Place);
                var status = (int)await http.StatusAsync(
                    route.Method, may && route.Fresh is { } fresh ? await fresh() : route.Path, route.Json);
                Interlocked.Increment(ref tried);
                if (may)
                    Interlocked.Increment(ref allowed);
                var expected = ExpectedRefusal(route, caller.Role, caller.Place);
                if (may ? status is not (< 400 or 400 or 409) : status != expected)
                    wrong.Enqueue(
                        $"{caller.Role} at {caller.Place}: {route.Method} {route.Path} is {status}, expected {(may
                            ? "to be let in"
                            : expected)}");
            }
        });
        output.WriteLine(
            $"{matrix.All.Count} operations of {matrix.All.Select(r => r.Route).Distinct()
                .Count()} routes, {tried} cells, {allowed} of them allowed");
        Assert.True(wrong.IsEmpty, string.Join('\n', wrong));
        Assert.Equal(matrix.All.Count * Enum.GetValues<Role>().Length * Enum.GetValues<Place>().Length, tried);
    }

    [Fact]
    public async Task Without_a_role_nothing_but_what_is_for_all_is_let_in()
    {
        var (_, http) = await service.NewCallerAsync();
        using var _ = http;
        foreach (var route in matrix.All)
        {
            var status = (int)await http.StatusAsync(route.Method, route.Path, route.Json);
            Assert.True(
                route.Permission is null ? status is < 400 or 400 : status == ExpectedRefusal(route, role: null, Place.Outside),
                $"{route.Method} {route.Path} is {status}");
        }
    }

    static int ExpectedRefusal(MatrixRoute route, Role? role, Place place) =>
        route.Seen is not { } seen ? route.Refusal
        // A caller who may give no roles anywhere gets 403 before any lookup.
        : route.Permission == Permission.RolesManage
            ? (role is { } its && Roles.PermissionsOf(its).Contains(Permission.RolesManage) ? route.Hidden : 403)
        : Reaches(place, seen) && role is { } reader && Roles.PermissionsOf(reader).Contains(Permission.ProjectsRead)
            ? route.Refusal
            : route.Hidden;

    static bool May(MatrixRoute route, Role role, Place place) =>
        route.Permission is not { } permission
            || (Roles.PermissionsOf(role).Contains(permission) && (route.At is not { } at || Reaches(place, at)));

    /// <summary>Whether a role at one place counts at another.</summary>
    static bool Reaches(Place given, Place asked) => given != Place.Outside && given <= asked;

    (string Kind, Guid? Id) ScopeOf(Place place) => place switch
    {
        Place.System => ("system", null),
        Place.Cluster => ("cluster", matrix.Cluster),
        Place.Department => ("department", matrix.Department),
        Place.Project => ("project", matrix.Project),
        _ => ("project", matrix.Outside),
    };
}
