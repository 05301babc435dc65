using DataRegistry.Telemetry;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace DataRegistry.Http;

/// <summary>Completes the document with its head, its areas, the slashes of its paths, and the fragments.</summary>
static class DocumentCompletion
{
    /// <summary>The scheme of <c>Authorization: Token …</c>, which every operation takes beside <c>Bearer …</c>.</summary>
    public const string TokenScheme = "token";

    /// <summary>The scheme that the published data volumes declare.</summary>
    public const string BearerScheme = "bearerAuth";

    /// <summary>The published error of <c>/api/v1</c>; the other operations there use it, too.</summary>
    public const string V1Error = "Error";

    /// <summary>Published responses that other operations under <c>/api/v1</c> use, too.</summary>
    public static IReadOnlyList<string> PublishedResponses { get; } =
        ["401Unauthorized", "403Forbidden", "404NotFound", "429TooManyRequests", "500InternalServerError", "503ServiceUnavailable"];

    public static async Task CompleteAsync(OpenApiDocument document, OpenApiDocumentTransformerContext context,
        IReadOnlyList<string> fragments)
    {
        document.Info = new()
        {
            Title = "Data Registry",
            Version = Product.Version,
            Description = """
                Objects in S3 buckets become datums: named, traceable, shareable.

                1. Get a token: `POST /api/v0/get-token/`, or the console. A script uses a token of a service account. Each request sends
                   `Authorization: Token <token>`.
                2. Find your project and store: `GET /api/v0/projects/`, `GET /api/v0/stores/`.
                3. Adopt an object: `POST /api/v0/stores/{id}/adopt/`.
                4. Find its datum: `GET /api/v0/data/?uri=…`.

                Lists are pages: follow `next`. Every answer has an `X-Request-Id`, which the service's log has, too.
                """,
        };
        // The document's own origin, under every name of the service.
        document.Servers = [new OpenApiServer { Url = "/", Description = "This service" }];
        Slash(document, context);
        foreach (var fragment in fragments)
            await AddAsync(document, fragment);
        document.AddComponent<IOpenApiSecurityScheme>(TokenScheme, new OpenApiSecurityScheme
        {
            Type = SecuritySchemeType.ApiKey,
            In = ParameterLocation.Header,
            Name = "Authorization",
            Description = "The word `Token`, a space, and a token of `POST /api/v0/get-token/` or `POST /api/v0/tokens/`.",
        });
        // The framework misses the fragments' tags, and orders the others its own way.
        document.Tags = new HashSet<OpenApiTag>();
        foreach (var area in ApiArea.All)
            document.Tags.Add(new OpenApiTag { Name = area.Name, Description = area.Description });
        var paths = new OpenApiPaths();
        foreach (var (path, item) in document.Paths.OrderBy(p => ApiArea.PlaceOf(p.Key), StringComparer.Ordinal))
            paths.Add(path, item);
        document.Paths = paths;
    }

    /// <summary>Puts back the slash at the end of a path. Clients write it, and the framework takes it away.</summary>
    static void Slash(OpenApiDocument document, OpenApiDocumentTransformerContext context)
    {
        var paths = new OpenApiPaths();
        foreach (var (path, item) in document.Paths)
        {
            var slashed = path + '/';
            var isSlashed = context.DescriptionGroups.SelectMany(g => g.Items).Any(i => $"/{i.RelativePath}" == slashed);
            paths.Add(isSlashed ? slashed : path, item);
        }

        document.Paths = paths;
    }

    static async Task AddAsync(OpenApiDocument document, string fragment)
    {
        await using var text = typeof(DocumentCompletion).Assembly.GetManifestResourceStream(fragment)
            ?? throw new InvalidOperationException($"There is no resource {fragment}.");
        using var read = new MemoryStream();
        await text.CopyToAsync(read);
        read.Position = 0;
        var (added, diagnostic) = OpenApiDocument.Load(read, "json");
        if (added is null || diagnostic?.Errors.Count > 0)
            throw new InvalidOperationException($"{fragment}: {string.Join(' ', diagnostic?.Errors.Select(e => e.Message) ?? [])}");
        foreach (var (path, item) in added.Paths)
            document.Paths.Add(path, item);
        foreach (var (name, schema) in added.Components?.Schemas ?? new Dictionary<string, IOpenApiSchema>(StringComparer.Ordinal))
            document.AddComponent(name, schema);
        foreach (var (name, parameter) in added.Components?.Parameters ?? new Dictionary<string, IOpenApiParameter>(StringComparer.Ordinal))
            document.AddComponent(name, parameter);
        foreach (var (name, response) in added.Components?.Responses ?? new Dictionary<string, IOpenApiResponse>(StringComparer.Ordinal))
            document.AddComponent(name, response);
        foreach (var (name, scheme) in added.Components?.SecuritySchemes
            ?? new Dictionary<string, IOpenApiSecurityScheme>(StringComparer.Ordinal))
            document.AddComponent(name, scheme);
    }
}
