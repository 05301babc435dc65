using System.Text.Json;
using DataRegistry.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.OpenApi;

namespace DataRegistry.Http;

/// <summary>
/// The OpenAPI document of the service, <c>/openapi/v1.json</c>. Handlers read their requests themselves, so what an endpoint takes
/// and answers is said where it is mapped.
/// </summary>
public static class ApiDescription
{
    public const string DocumentName = "v1";

    /// <summary>Beginnings of the paths that the document describes.</summary>
    static readonly string[] Described = ["api/v0/", "api/health/", "api/v1/token", "api/v1/org-unit/"];

    /// <param name="fragments">Embedded OpenAPI documents, by name: the operations of rooms whose contract is one. Their endpoints are not
    /// described twice.</param>
    public static IServiceCollection AddApiDescription(this IServiceCollection services, params IReadOnlyList<string> fragments)
    {
        // For the schemas only: bodies are written with the rooms' own contexts, under the same names.
        services.ConfigureHttpJsonOptions(o => o.SerializerOptions.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower);
        return services.AddSingleton<ApiDocument>().AddOpenApi(DocumentName, options =>
        {
            options.ShouldInclude = api => Array.Exists(Described, d => api.RelativePath?.StartsWith(d, StringComparison.Ordinal) == true)
                || api.RelativePath == "api/v1/clusters";
            options.AddDocumentTransformer((document, _, _) =>
            {
                document.Info = new()
                {
                    Title = "Data Registry",
                    Version = Product.Version,
                    Description = "Objects in S3 buckets become datums: named, traceable, shareable.",
                };
                // The framework's own are the names of classes.
                document.Tags = document.Paths.Values.SelectMany(
                    p => p.Operations ?? []).SelectMany(o => o.Value.Tags ?? new HashSet<OpenApiTagReference>())
                    .Select(t => t.Reference.Id!).Distinct(StringComparer.Ordinal).Select(
                        name => new OpenApiTag { Name = name }).ToHashSet();
                document.Components ??= new();
                document.Components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>(StringComparer.Ordinal)
                {
                    [OperationDescription.SecurityScheme] = new OpenApiSecurityScheme
                    {
                        Type = SecuritySchemeType.ApiKey,
                        In = ParameterLocation.Header,
                        Name = "Authorization",
                        Description = "Token …, or Bearer …",
                    },
                };
                return Task.CompletedTask;
            });
            foreach (var fragment in fragments)
                options.AddDocumentTransformer((document, _, _) => Add(document, fragment));
            options.AddOperationTransformer(OperationDescription.DescribeAsync);
        });
    }

    static async Task Add(OpenApiDocument document, string fragment)
    {
        await using var text = typeof(ApiDescription).Assembly.GetManifestResourceStream(fragment)
            ?? throw new InvalidOperationException($"There is no resource {fragment}.");
        using var read = new MemoryStream();
        await text.CopyToAsync(read);
        read.Position = 0;
        var (added, diagnostic) = OpenApiDocument.Load(read, "json");
        if (added is null || diagnostic?.Errors.Count > 0)
            throw new InvalidOperationException($"{fragment}: {string.Join(' ', diagnostic?.Errors.Select(e => e.Message) ?? [])}");
        document.Paths ??= [];
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

    /// <summary>What the endpoint does, and what it answers where all is well.</summary>
    /// <param name="example">The example's name; null for the body's own.</param>
    public static RouteHandlerBuilder Answers<T>(
        this RouteHandlerBuilder endpoint, string summary, int status = StatusCodes.Status200OK, string? example = null) =>
        endpoint.WithSummary(summary).OrAnswers<T>(status, example);

    /// <summary>Another answer, also with the same status.</summary>
    public static RouteHandlerBuilder OrAnswers<T>(this RouteHandlerBuilder endpoint, int status, string? example = null) =>
        endpoint.Produces<T>(status).WithMetadata(new OperationDescription.AnswerOf(typeof(T), status, example));

    /// <summary>What the endpoint does; it answers 204.</summary>
    public static RouteHandlerBuilder AnswersNothing(this RouteHandlerBuilder endpoint, string summary) =>
        endpoint.WithSummary(summary).Produces(StatusCodes.Status204NoContent);

    /// <summary>
    /// The body that the endpoint reads, and that a wrong one is 400. Only said, not enforced as <c>Accepts</c> would: that would answer
    /// 415 before anybody asked for the token.
    /// </summary>
    /// <inheritdoc cref="Answers{T}" path="/param[@name='example']"/>
    public static RouteHandlerBuilder Takes<T>(
        this RouteHandlerBuilder endpoint, string contentType = "application/json", string? example = null) where T : notnull =>
        endpoint.WithMetadata(new OperationDescription.BodyOf(typeof(T), contentType, example)).Produces<Dictionary<string, MessageBody[]>>(
            StatusCodes.Status400BadRequest);

    public static RouteHandlerBuilder TakesQuery(
        this RouteHandlerBuilder endpoint, string name, string description, JsonSchemaType type = JsonSchemaType.String) =>
        endpoint.WithMetadata(new OperationDescription.QueryParameter(name, description, type, Required: false));

    public static RouteHandlerBuilder RequiresQuery(this RouteHandlerBuilder endpoint, string name, string description) =>
        endpoint.WithMetadata(new OperationDescription.QueryParameter(name, description, JsonSchemaType.String, Required: true));

    /// <summary>It answers a page of what is listed.</summary>
    public static RouteHandlerBuilder AnswersPages<T>(this RouteHandlerBuilder endpoint, string summary) =>
        endpoint.Answers<Page<T>>(summary)
        .TakesQuery(
            "limit", $"{Paging.DefaultLimit} if not given; more than {Paging.MaxLimit} is {Paging.MaxLimit}", JsonSchemaType.Integer)
        .TakesQuery("cursor", "From the page before; follow its next");
}
