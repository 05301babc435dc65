using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace DataRegistry.Http;

/// <summary>What an endpoint's mapping says, as an operation of the OpenAPI document.</summary>
static class OperationDescription
{
    public const string SecurityScheme = "token";

    const string Json = "application/json";

    public static async Task DescribeAsync(
        OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        var metadata = context.Description.ActionDescriptor.EndpointMetadata;
        operation.Responses ??= [];
        operation.Tags = new HashSet<OpenApiTagReference> { new(context.Description.RelativePath!.Split('/')[2], context.Document) };
        foreach (var parameter in metadata.OfType<QueryParameter>())
        {
            operation.Parameters ??= [];
            operation.Parameters.Add(new OpenApiParameter
            {
                Name = parameter.Name,
                In = ParameterLocation.Query,
                Description = parameter.Description,
                Required = parameter.Required,
                Schema = new OpenApiSchema { Type = parameter.Type },
            });
        }

        var bodies = metadata.OfType<BodyOf>().ToList();
        if (bodies.Count > 0)
            operation.RequestBody = new OpenApiRequestBody
            {
                Required = true,
                Content = new Dictionary<string, OpenApiMediaType>(StringComparer.Ordinal),
            };
        foreach (var body in bodies)
            operation.RequestBody!.Content![body.ContentType] = await MediaAsync(context, body.Type, body.Example, cancellationToken);

        // Of several answers with one status the framework keeps one.
        foreach (var ofStatus in context.Description.SupportedResponseTypes.Select(
            r => (r.StatusCode, Type: r.Type, Example: (string?)null))
            .Concat(metadata.OfType<AnswerOf>().Select(a => (StatusCode: a.Status, Type: (Type?)a.Type, a.Example)))
            .Where(r => r.Type is not null && r.Type != typeof(void)).GroupBy(r => r.StatusCode))
        {
            var answers = ofStatus.GroupBy(r => r.Type!).Select(g => g.Last()).ToList();
            await AnswerAsync(operation, context, ofStatus.Key, answers.ConvertAll(a => (a.Type!, a.Example)), cancellationToken);
        }

        if (context.Description.RelativePath!.Contains('{', StringComparison.Ordinal))
            await ErrorAsync("404", "There is none, or none that the caller may see");
        if (metadata.OfType<IAllowAnonymous>().Any())
            return;
        operation.Security = [
            new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(SecurityScheme, context.Document)] = [] }];
        await ErrorAsync("401", "No token, or none that is good");
        await ErrorAsync("403", "Outside of the caller's scopes");
        await ErrorAsync("429", "Too many requests; Retry-After says in how many seconds to come again");

        async Task ErrorAsync(string status, string description)
        {
            if (!operation.Responses!.ContainsKey(status))
            {
                var schema = await context.GetOrCreateSchemaAsync(typeof(DetailBody), parameterDescription: null, cancellationToken);
                operation.Responses[status] = new OpenApiResponse
                {
                    Description = description,
                    Content = new Dictionary<string, OpenApiMediaType>(StringComparer.Ordinal) { [Json] = new() { Schema = schema } },
                };
            }
        }
    }

    static async Task AnswerAsync(
        OpenApiOperation operation, OpenApiOperationTransformerContext context, int status, List<(Type Type, string? Example)> answers,
        CancellationToken cancellationToken)
    {
        var key = status.ToString(System.Globalization.CultureInfo.InvariantCulture);
        var response = operation.Responses!.TryGetValue(key, out var known) && known is OpenApiResponse made ? made
            : new OpenApiResponse { Description = Microsoft.AspNetCore.WebUtilities.ReasonPhrases.GetReasonPhrase(status) };
        operation.Responses[key] = response;
        var media = await MediaAsync(context, answers[0].Type, answers[0].Example, cancellationToken);
        if (answers.Count > 1)
        {
            var all = new List<OpenApiMediaType>();
            foreach (var (type, example) in answers)
                all.Add(await MediaAsync(context, type, example, cancellationToken));
            media = new()
            {
                Schema = new OpenApiSchema { OneOf = [.. all.Select(m => m.Schema!)] },
                Examples = answers.Zip(all).ToDictionary(
                    a => NameOf(a.First.Type), a => (IOpenApiExample)new OpenApiExample { Value = a.Second.Example }, StringComparer.Ordinal),
            };
        }

        response.Content = new Dictionary<string, OpenApiMediaType>(StringComparer.Ordinal) { [Json] = media };
    }

    /// <summary>Pages have all the same name.</summary>
    static string NameOf(Type type) => type.IsGenericType ? $"PageOf{type.GenericTypeArguments[0].Name}" : type.Name;

    static async Task<OpenApiMediaType> MediaAsync(
        OpenApiOperationTransformerContext context, Type type, string? example, CancellationToken cancellationToken) => new()
        {
            Schema = await context.GetOrCreateSchemaAsync(type, parameterDescription: null, cancellationToken),
            Example = example is null ? Examples.Of(type) : Examples.Of(example),
        };

    public sealed record QueryParameter(string Name, string Description, JsonSchemaType Type, bool Required);

    public sealed record BodyOf(Type Type, string ContentType, string? Example);

    public sealed record AnswerOf(Type Type, int Status, string? Example);
}
