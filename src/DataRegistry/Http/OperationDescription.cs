using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.OpenApi;

namespace DataRegistry.Http;

/// <summary>Makes an operation of the OpenAPI document from the mapping of an endpoint.</summary>
sealed class OperationDescription(OpenApiOperation operation, OpenApiOperationTransformerContext context,
    CancellationToken cancellationToken)
{
    public const string Json = "application/json";

    readonly IList<object> metadata = context.Description.ActionDescriptor.EndpointMetadata;
    readonly string path = $"/{context.Description.RelativePath}";
    readonly OpenApiDocument document = context.Document!;
    readonly BodySchemas schemas = new(context.Document!);

    bool IsV1 => path.StartsWith("/api/v1/", StringComparison.Ordinal);

    public static Task DescribeAsync(OpenApiOperation operation, OpenApiOperationTransformerContext context,
        CancellationToken cancellationToken) =>
        new OperationDescription(operation, context, cancellationToken).DescribeAsync();

    async Task DescribeAsync()
    {
        operation.Tags = new HashSet<OpenApiTagReference> { new(ApiArea.Of(path)!.Name, document) };
        foreach (var parameter in metadata.OfType<Parameter>())
        {
            operation.Parameters ??= [];
            operation.Parameters.Add(new OpenApiParameter
            {
                Name = parameter.Name,
                In = parameter.In,
                Description = parameter.Description,
                Required = parameter.Required,
                Schema = new OpenApiSchema { Type = parameter.Type },
            });
        }

        var bodies = metadata.OfType<BodyOf>().ToList();
        if (bodies.Count > 0)
            operation.RequestBody = new OpenApiRequestBody { Required = true, Content = NewContent() };
        foreach (var body in bodies)
        {
            var media = await MediaAsync(body.Type, body.Example, answer: false);
            if (body.ContentType == BodyType.UrlEncoded)
                media.Encoding = EncodingOf(media.Schema!);
            operation.RequestBody!.Content![body.ContentType] = media;
        }

        // The mappings declare all answers, so drop those of the framework.
        operation.Responses = [];
        foreach (var ofStatus in metadata.OfType<AnswerOf>().GroupBy(a => a.Status).OrderBy(g => g.Key))
            operation.Responses[Text(ofStatus.Key)] = await AnswerAsync(ofStatus.Key, [.. ofStatus]);
        await AddErrorsAsync(bodies.Count > 0);
        operation.Security = metadata.OfType<IAllowAnonymous>().Any() ? []
            : [Requirement(DocumentCompletion.TokenScheme), Requirement(DocumentCompletion.BearerScheme)];
    }

    /// <summary>An object is one field of a form, in JSON. Null if the schema has no object.</summary>
    static Dictionary<string, OpenApiEncoding>? EncodingOf(IOpenApiSchema schema)
    {
        var objects = schema.Properties?.Where(p => p.Value is OpenApiSchemaReference || p.Value.OneOf is { Count: > 0 }).ToDictionary(
            p => p.Key, _ => new OpenApiEncoding { ContentType = Json }, StringComparer.Ordinal);
        return objects is { Count: > 0 } ? objects : null;
    }

    async Task<OpenApiResponse> AnswerAsync(int status, List<AnswerOf> answers)
    {
        var response = new OpenApiResponse { Description = ReasonPhrases.GetReasonPhrase(status) };
        foreach (var ofType in answers.Where(a => a.ContentType is not null).GroupBy(a => a.ContentType!, StringComparer.Ordinal))
        {
            response.Content ??= NewContent();
            response.Content[ofType.Key] = ofType.First().Type is not { } type ? TextMedia(ofType.Key)
                : ofType.Count() == 1 ? await MediaAsync(type, ofType.First().Example, answer: true)
                : new()
                {
                    Schema = await SchemaAsync(type, answer: true),
                    Examples = ofType.ToDictionary(
                        a => a.Example?.Split('.')[^1] ?? "usual", a =>
                            (IOpenApiExample)new OpenApiExample { Value = ExampleOf(type, a.Example) }, StringComparer.Ordinal),
                };
        }

        return response;
    }

    /// <summary>Adds the errors of the mapping and the common ones, by status.</summary>
    async Task AddErrorsAsync(bool takesBody)
    {
        var own = metadata.OfType<ErrorsOf>().SelectMany(e => e.Errors.Select(kind => (Kind: kind, e.Field))).ToList();
        if (takesBody)
            own.AddRange([(CommonErrors.JsonBroken, null), (CommonErrors.UnknownField, null)]);
        List<ErrorKind> common = [.. metadata.OfType<CommonErrorsOf>()
            .SelectMany(e => e.Errors), CommonErrors.ServerError, CommonErrors.StorageUnavailable];
        if (takesBody)
            common.AddRange([CommonErrors.BodyTooLarge, CommonErrors.TypeNotTaken]);
        if (path.Contains('{', StringComparison.Ordinal))
            common.Add(CommonErrors.NotFound);
        var failure = metadata.OfType<FailureOf>().SingleOrDefault();
        foreach (var status in own.Select(e => e.Kind.Status).Concat(common.Select(k => k.Status)).Distinct().Order())
        {
            var ofStatus = own.Where(e => e.Kind.Status == status).DistinctBy(e => (e.Kind, e.Field)).ToList();
            var shared = common.Where(k => k.Status == status).Except(ofStatus.Select(e => e.Kind)).ToList();
            // A single error without a field is also a shared answer.
            if (ofStatus is [(var only, null)] && shared.Count == 0)
                (ofStatus, shared) = ([], [only]);
            if (!operation.Responses!.ContainsKey(Text(status)))
            {
                operation.Responses[Text(status)] = ofStatus.Count == 0 ? Shared(status, shared)
                    : await ErrorAsync([.. ofStatus, .. shared.Select(k => (k, (string?)null))],
                        status == StatusCodes.Status400BadRequest ? failure : null);
            }
        }
    }

    /// <summary>The component of an answer: under <c>/api/v1</c> the published one, if there is one.</summary>
    OpenApiResponseReference Shared(int status, List<ErrorKind> kinds)
    {
        var reason = ReasonPhrases.GetReasonPhrase(status).Replace(" ", "", StringComparison.Ordinal);
        var published = Text(status) + reason;
        if (IsV1 && DocumentCompletion.PublishedResponses.Contains(published, StringComparer.Ordinal))
            return new(published, document);
        var words = kinds.Count == 1 ? kinds[0].Id.Split('_') : [reason];
        var name = (IsV1 ? "V1" : "") + string.Concat(words.Select(w => char.ToUpperInvariant(w[0]) + w[1..]));
        if (document.Components?.Responses?.ContainsKey(name) != true)
            document.AddComponent<IOpenApiResponse>(name, Response(kinds.ConvertAll(k => (k, (string?)null)), ErrorSchema(kinds)));
        return new(name, document);
    }

    async Task<OpenApiResponse> ErrorAsync(List<(ErrorKind Kind, string? Field)> errors, FailureOf? failure)
    {
        if (failure is null)
            return Response(errors, ErrorSchema(errors.ConvertAll(e => e.Kind)));
        var body = await context.GetOrCreateSchemaAsync(failure.Type, parameterDescription: null, cancellationToken);
        var response = Response(errors, ErrorSchemas.Mixed(document, failure.Name, schemas.Renamed(body, failure.Name)));
        response.Content![Json].Examples!["several"] = new OpenApiExample { Value = Examples.Of(failure.Example) };
        return response;
    }

    OpenApiResponse Response(List<(ErrorKind Kind, string? Field)> errors, IOpenApiSchema schema)
    {
        var response = new OpenApiResponse
        {
            Description = errors.Count == 1 ? errors[0].Kind.Description
                : ReasonPhrases.GetReasonPhrase(errors[0].Kind.Status),
            Content = NewContent(),
        };
        response.Content[Json] = new() { Schema = schema, Examples = ExamplesOf(errors) };
        return response;
    }

    Dictionary<string, IOpenApiExample> ExamplesOf(List<(ErrorKind Kind, string? Field)> errors) => errors.GroupBy(e => e.Kind)
        .ToDictionary(
        g => g.Key.Id,
        g => (IOpenApiExample)new OpenApiExample
        {
            Summary = g.Key.Description,
            Value = BodyOfError(
            g.Key.Example(g.First().Field ?? "field"))
        },
        StringComparer.Ordinal);

    JsonNode BodyOfError(ApiError error) => (IsV1 ? JsonSerializer.SerializeToNode(V1ErrorBody.From(error), HttpJson.Default.V1ErrorBody)
        : error switch
        {
            ApiError.Detail e => JsonSerializer.SerializeToNode(new DetailBody(e.Text), HttpJson.Default.DetailBody),
            ApiError.Message e => JsonSerializer.SerializeToNode(new MessageBody(e.Text, e.Code), HttpJson.Default.MessageBody),
            ApiError.Field e => new JsonObject
            {
                [e.Name] = new JsonArray(
                JsonSerializer.SerializeToNode(new MessageBody(e.Text, e.Code), HttpJson.Default.MessageBody))
            },
            _ => throw new NotSupportedException(error.GetType().Name),
        })!;

    IOpenApiSchema ErrorSchema(List<ErrorKind> kinds) =>
        IsV1 ? new OpenApiSchemaReference(DocumentCompletion.V1Error, document)
        : kinds[0].Status == StatusCodes.Status400BadRequest ? ErrorSchemas.BadRequest(document)
        : kinds.TrueForAll(k => k is DetailError) ? ErrorSchemas.Detail(document)
        : ErrorSchemas.Refusal(document);

    async Task<OpenApiMediaType> MediaAsync(Type type, string? example, bool answer) =>
        new() { Schema = await SchemaAsync(type, answer), Example = ExampleOf(type, example) };

    async Task<IOpenApiSchema> SchemaAsync(Type type, bool answer) =>
        schemas.Named(await context.GetOrCreateSchemaAsync(type, parameterDescription: null, cancellationToken), answer);

    static JsonNode? ExampleOf(Type type, string? name) => name is null ? Examples.Of(type) : Examples.Of(name);

    static OpenApiMediaType TextMedia(string contentType) => new()
    {
        Schema = new OpenApiSchema { Type = JsonSchemaType.String, Format = contentType == "application/octet-stream" ? "binary" : null },
    };

    OpenApiSecurityRequirement Requirement(string scheme) => new() { [new OpenApiSecuritySchemeReference(scheme, document)] = [] };

    static Dictionary<string, OpenApiMediaType> NewContent() => new(StringComparer.Ordinal);

    static string Text(int status) => status.ToString(CultureInfo.InvariantCulture);

    public sealed record Parameter(ParameterLocation In, string Name, string Description, JsonSchemaType Type, bool Required);

    public sealed record BodyOf(Type Type, string ContentType, string? Example);

    /// <param name="Type">Null for an answer that is not JSON.</param>
    /// <param name="ContentType">Null for an answer without a body.</param>
    public sealed record AnswerOf(int Status, Type? Type, string? ContentType, string? Example);

    /// <param name="Field">Null if the errors are about no field.</param>
    public sealed record ErrorsOf(string? Field, IReadOnlyList<ErrorKind> Errors);

    /// <param name="Name">The name of the schema, which also covers errors.</param>
    public sealed record FailureOf(Type Type, string Name, string Example);

    /// <summary>Errors of a whole group of endpoints, such as those of tokens.</summary>
    public sealed record CommonErrorsOf(IReadOnlyList<ErrorKind> Errors);
}
