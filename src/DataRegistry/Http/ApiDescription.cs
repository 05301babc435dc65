using System.Text.Json;
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
    const string SecurityScheme = "token";

    /// <param name="fragments">Embedded OpenAPI documents, by name: the operations of rooms whose contract is one. Their endpoints are not described twice.</param>
    public static IServiceCollection AddApiDescription(this IServiceCollection services, params IReadOnlyList<string> fragments)
    {
        // For the schemas only: bodies are written with the rooms' own contexts, under the same names.
        services.ConfigureHttpJsonOptions(o => o.SerializerOptions.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower);
        return services.AddOpenApi("v1", options =>
        {
            options.ShouldInclude = api => api.RelativePath?.StartsWith("api/v0/", StringComparison.Ordinal) == true;
            options.AddDocumentTransformer((document, _, _) =>
            {
                document.Info = new() { Title = "Data Registry", Version = "1", Description = "Objects in S3 buckets become datums: named, traceable, shareable." };
                document.Components ??= new();
                document.Components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>(StringComparer.Ordinal)
                {
                    [SecurityScheme] = new OpenApiSecurityScheme
                    {
                        Type = SecuritySchemeType.ApiKey, In = ParameterLocation.Header, Name = "Authorization", Description = "Token …, or Bearer …",
                    },
                };
                return Task.CompletedTask;
            });
            foreach (var fragment in fragments)
                options.AddDocumentTransformer((document, _, _) => Add(document, fragment));
            options.AddOperationTransformer(async (operation, context, cancellationToken) =>
            {
                var metadata = context.Description.ActionDescriptor.EndpointMetadata;
                foreach (var parameter in metadata.OfType<QueryParameter>())
                {
                    operation.Parameters ??= [];
                    operation.Parameters.Add(new OpenApiParameter
                    {
                        Name = parameter.Name, In = ParameterLocation.Query, Description = parameter.Description, Schema = new OpenApiSchema { Type = JsonSchemaType.String },
                    });
                }

                if (metadata.OfType<BodyOf>().FirstOrDefault() is { } body)
                {
                    var schema = await context.GetOrCreateSchemaAsync(body.Type, parameterDescription: null, cancellationToken);
                    operation.RequestBody = new OpenApiRequestBody
                    {
                        Required = true,
                        Content = new Dictionary<string, OpenApiMediaType>(StringComparer.Ordinal) { [body.ContentType] = new() { Schema = schema } },
                    };
                }

                operation.Responses ??= [];
                if (metadata.OfType<NeedsNoToken>().Any())
                    return;
                operation.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(SecurityScheme, context.Document)] = [] }];
                operation.Responses.TryAdd("401", new OpenApiResponse { Description = "No token, or none that is good" });
                operation.Responses.TryAdd("403", new OpenApiResponse { Description = "Outside of the caller's scopes" });
            });
        });
    }

    static async Task Add(OpenApiDocument document, string fragment)
    {
        await using var text = typeof(ApiDescription).Assembly.GetManifestResourceStream(fragment) ?? throw new InvalidOperationException($"There is no resource {fragment}.");
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
        foreach (var (name, scheme) in added.Components?.SecuritySchemes ?? new Dictionary<string, IOpenApiSecurityScheme>(StringComparer.Ordinal))
            document.AddComponent(name, scheme);
    }

    /// <summary>What the endpoint does, and what it answers where all is well.</summary>
    public static RouteHandlerBuilder Answers<T>(this RouteHandlerBuilder endpoint, string summary, int status = StatusCodes.Status200OK) =>
        endpoint.WithSummary(summary).Produces<T>(status);

    /// <summary>What the endpoint does; it answers 204.</summary>
    public static RouteHandlerBuilder AnswersNothing(this RouteHandlerBuilder endpoint, string summary) =>
        endpoint.WithSummary(summary).Produces(StatusCodes.Status204NoContent);

    /// <summary>
    /// The body that the endpoint reads, and that a wrong one is 400. Only said, not enforced as <c>Accepts</c> would: that would answer
    /// 415 before anybody asked for the token.
    /// </summary>
    public static RouteHandlerBuilder Takes<T>(this RouteHandlerBuilder endpoint, string contentType = "application/json") where T : notnull =>
        endpoint.WithMetadata(new BodyOf(typeof(T), contentType)).Produces<Dictionary<string, MessageBody[]>>(StatusCodes.Status400BadRequest);

    public static RouteHandlerBuilder TakesQuery(this RouteHandlerBuilder endpoint, string name, string description) =>
        endpoint.WithMetadata(new QueryParameter(name, description));

    /// <summary>It answers a page of what is listed.</summary>
    public static RouteHandlerBuilder AnswersPages<T>(this RouteHandlerBuilder endpoint, string summary) => endpoint.Answers<Page<T>>(summary)
        .TakesQuery("limit", $"1 to {Paging.MaxLimit}, {Paging.DefaultLimit} if not given")
        .TakesQuery("cursor", "From the page before; follow its next");

    /// <summary>The endpoint lets everybody in.</summary>
    public static RouteHandlerBuilder WithoutToken(this RouteHandlerBuilder endpoint) => endpoint.WithMetadata(new NeedsNoToken());

    sealed record QueryParameter(string Name, string Description);

    sealed record BodyOf(Type Type, string ContentType);

    sealed record NeedsNoToken;
}
