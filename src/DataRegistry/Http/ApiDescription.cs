using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.OpenApi;

namespace DataRegistry.Http;

/// <summary>
/// The OpenAPI document of the service, <c>/openapi/v1.json</c>, and the same for tools that read OpenAPI 3.0 only. Handlers read their
/// requests themselves, so their mappings say what they take and answer.
/// </summary>
public static class ApiDescription
{
    /// <summary>The document, and its rendition in OpenAPI 3.0.</summary>
    public const string DocumentName = "v1", OlderDocumentName = "v1-3.0";

    /// <param name="fragments">
    /// Embedded OpenAPI documents, by name: the operations of rooms whose contract is one. Their endpoints are not described twice.
    /// </param>
    public static IServiceCollection AddApiDescription(this IServiceCollection services, params IReadOnlyList<string> fragments)
    {
        // For the schemas only: bodies are written with the rooms' own contexts.
        services.ConfigureHttpJsonOptions(o =>
        {
            o.SerializerOptions.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower;
            o.SerializerOptions.NumberHandling = JsonNumberHandling.Strict;
            o.SerializerOptions.TypeInfoResolver = new WireTypes();
        });
        services.AddDocument(DocumentName, OpenApiSpecVersion.OpenApi3_1).AddDocument(OlderDocumentName, OpenApiSpecVersion.OpenApi3_0);
        services.AddOpenApi(DocumentName, options => Describe(options, OpenApiSpecVersion.OpenApi3_1, fragments));
        return services.AddOpenApi(OlderDocumentName, options => Describe(options, OpenApiSpecVersion.OpenApi3_0, fragments));
    }

    static IServiceCollection AddDocument(this IServiceCollection services, string name, OpenApiSpecVersion version) =>
        services.AddKeyedSingleton(name, (s, _) => new ApiDocument(s.GetRequiredKeyedService<IOpenApiDocumentProvider>(name), version));

    static void Describe(OpenApiOptions options, OpenApiSpecVersion version, IReadOnlyList<string> fragments)
    {
        options.OpenApiVersion = version;
        options.ShouldInclude = api => api.RelativePath is { } path && ApiArea.Of($"/{path}") is not null
            && api.ActionDescriptor.EndpointMetadata.OfType<OperationDescription.AnswerOf>().Any();
        options.CreateSchemaReferenceId = BodyTypes.NameOf;
        options.AddSchemaTransformer(BodyTypes.DescribeAsync);
        options.AddOperationTransformer(OperationDescription.DescribeAsync);
        options.AddDocumentTransformer((document, context, _) => DocumentCompletion.CompleteAsync(document, context, fragments));
    }

    /// <summary>What the endpoint does, and what it answers where all is well.</summary>
    /// <param name="example">The example's name; null for the body's own.</param>
    public static RouteHandlerBuilder Answers<T>(
        this RouteHandlerBuilder endpoint, string summary, int status = StatusCodes.Status200OK, string? example = null) =>
        endpoint.WithSummary(summary).OrAnswers<T>(status, example);

    /// <summary>The answer with another status. A status has one body.</summary>
    public static RouteHandlerBuilder OrAnswers<T>(this RouteHandlerBuilder endpoint, int status, string? example = null) =>
        endpoint.WithMetadata(new OperationDescription.AnswerOf(status, typeof(T), OperationDescription.Json, example));

    /// <summary>What the endpoint does; it answers 204.</summary>
    public static RouteHandlerBuilder AnswersNothing(this RouteHandlerBuilder endpoint, string summary) =>
        endpoint.WithSummary(summary).WithMetadata(new OperationDescription.AnswerOf(
            StatusCodes.Status204NoContent, Type: null, ContentType: null, Example: null));

    /// <summary>It answers a text, or bytes, of this type.</summary>
    public static RouteHandlerBuilder OrAnswersContent(this RouteHandlerBuilder endpoint, int status, string contentType) =>
        endpoint.WithMetadata(new OperationDescription.AnswerOf(status, Type: null, contentType, Example: null));

    /// <summary>Errors that the endpoint answers, besides those of every endpoint like it.</summary>
    public static RouteHandlerBuilder Fails(this RouteHandlerBuilder endpoint, params IReadOnlyList<ErrorKind> errors) =>
        endpoint.WithMetadata(new OperationDescription.ErrorsOf(Field: null, errors));

    /// <summary>Errors of one of the endpoint's fields or parameters.</summary>
    public static RouteHandlerBuilder FailsOn(this RouteHandlerBuilder endpoint, string field, params IReadOnlyList<FieldError> errors) =>
        endpoint.WithMetadata(new OperationDescription.ErrorsOf(field, errors));

    /// <summary>Errors of all endpoints of a group.</summary>
    public static RouteGroupBuilder FailsAlways(this RouteGroupBuilder group, IReadOnlyList<ErrorKind> errors) =>
        group.WithMetadata(new OperationDescription.CommonErrorsOf(errors));

    /// <summary>With 400 the endpoint may also answer this body in place of an error.</summary>
    /// <param name="name">The schema of both.</param>
    public static RouteHandlerBuilder FailsWith<T>(this RouteHandlerBuilder endpoint, string name, string example) =>
        endpoint.WithMetadata(new OperationDescription.FailureOf(typeof(T), name, example));

    /// <summary>
    /// The body that the endpoint reads. Only said, not enforced as <c>Accepts</c> would: that would answer 415 before anybody asked
    /// for the token.
    /// </summary>
    /// <inheritdoc cref="Answers{T}" path="/param[@name='example']"/>
    public static RouteHandlerBuilder Takes<T>(this RouteHandlerBuilder endpoint, string contentType = OperationDescription.Json,
        string? example = null)
        where T : notnull => endpoint.WithMetadata(new OperationDescription.BodyOf(typeof(T), contentType, example));

    /// <summary>
    /// The JSON body that the endpoint reads, and a form with the same fields (see <see cref="FormFields"/>). A form of parts is read, too,
    /// but not described, because NSwag makes a parameter of each of its fields.
    /// </summary>
    /// <inheritdoc cref="Answers{T}" path="/param[@name='example']"/>
    public static RouteHandlerBuilder TakesJsonOrForm<T>(this RouteHandlerBuilder endpoint, string? example = null) where T : notnull =>
        endpoint.Takes<T>(example: example).Takes<T>(BodyType.UrlEncoded, example);

    public static RouteHandlerBuilder TakesQuery(
        this RouteHandlerBuilder endpoint, string name, string description, JsonSchemaType type = JsonSchemaType.String) =>
        endpoint.WithMetadata(new OperationDescription.Parameter(ParameterLocation.Query, name, description, type, Required: false));

    public static RouteHandlerBuilder RequiresQuery(this RouteHandlerBuilder endpoint, string name, string description) =>
        endpoint.WithMetadata(
            new OperationDescription.Parameter(ParameterLocation.Query, name, description, JsonSchemaType.String, Required: true));

    public static RouteHandlerBuilder TakesHeader(this RouteHandlerBuilder endpoint, string name, string description) =>
        endpoint.WithMetadata(
            new OperationDescription.Parameter(ParameterLocation.Header, name, description, JsonSchemaType.String, Required: false));

    /// <summary>The header of a request that may be sent again.</summary>
    public static RouteHandlerBuilder TakesIdempotencyKey(this RouteHandlerBuilder endpoint) =>
        endpoint.TakesHeader(IdempotencyKey.Header,
            $"A name of your own for this request. Within {IdempotencyKey.Kept.TotalHours} hours a repetition with the same key and body "
            + "gets the first answer and changes nothing. With another body it is 400.")
        .FailsOn(IdempotencyKey.Header, CommonErrors.NotAKey, CommonErrors.KeyUsed);

    /// <summary>It answers a page of what is listed.</summary>
    public static RouteHandlerBuilder AnswersPages<T>(this RouteHandlerBuilder endpoint, string summary) =>
        endpoint.Answers<Page<T>>(summary)
        .TakesQuery("limit", $"{Paging.DefaultLimit} if not given; more than {Paging.MaxLimit} is {Paging.MaxLimit}",
            JsonSchemaType.Integer)
        .TakesQuery("cursor", "From the page before; follow its next")
        .FailsOn("limit", CommonErrors.TooSmallANumber).FailsOn("cursor", CommonErrors.NotACursor);
}
