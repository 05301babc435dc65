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
/// The OpenAPI document of the service, <c>/openapi/v1.json</c>, and its rendition in OpenAPI 3.0. Handlers read their requests
/// themselves, so their mappings declare what they take and answer.
/// </summary>
public static class ApiDescription
{
    /// <summary>The document, and its rendition in OpenAPI 3.0.</summary>
    public const string DocumentName = "v1", OlderDocumentName = "v1-3.0";

    /// <param name="fragments">
    /// The names of embedded OpenAPI documents. They describe the operations of rooms that have such a contract, whose endpoints declare
    /// nothing.
    /// </param>
    public static IServiceCollection AddApiDescription(this IServiceCollection services, params IReadOnlyList<string> fragments)
    {
        // These options only make schemas. The rooms write bodies with their own contexts.
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

    /// <summary>Declares what the endpoint does and what it answers on success.</summary>
    /// <param name="example">The example's name; null for the body's own.</param>
    public static RouteHandlerBuilder Answers<T>(
        this RouteHandlerBuilder endpoint, string summary, int status = StatusCodes.Status200OK, string? example = null) =>
        endpoint.WithSummary(summary).OrAnswers<T>(status, example);

    /// <summary>Declares the answer with another status. A status has one body.</summary>
    public static RouteHandlerBuilder OrAnswers<T>(this RouteHandlerBuilder endpoint, int status, string? example = null) =>
        endpoint.WithMetadata(new OperationDescription.AnswerOf(status, typeof(T), OperationDescription.Json, example));

    /// <summary>Declares what the endpoint does. It answers 204.</summary>
    public static RouteHandlerBuilder AnswersNothing(this RouteHandlerBuilder endpoint, string summary) =>
        endpoint.WithSummary(summary).WithMetadata(new OperationDescription.AnswerOf(
            StatusCodes.Status204NoContent, Type: null, ContentType: null, Example: null));

    /// <summary>Declares an answer of text, or bytes, of this type.</summary>
    public static RouteHandlerBuilder OrAnswersContent(this RouteHandlerBuilder endpoint, int status, string contentType) =>
        endpoint.WithMetadata(new OperationDescription.AnswerOf(status, Type: null, contentType, Example: null));

    /// <summary>Declares the errors of the endpoint, besides the common ones.</summary>
    public static RouteHandlerBuilder Fails(this RouteHandlerBuilder endpoint, params IReadOnlyList<ErrorKind> errors) =>
        endpoint.WithMetadata(new OperationDescription.ErrorsOf(Field: null, errors));

    /// <summary>Declares the errors of a field or parameter of the endpoint.</summary>
    public static RouteHandlerBuilder FailsOn(this RouteHandlerBuilder endpoint, string field, params IReadOnlyList<FieldError> errors) =>
        endpoint.WithMetadata(new OperationDescription.ErrorsOf(field, errors));

    /// <summary>Declares errors of all endpoints of a group.</summary>
    public static RouteGroupBuilder FailsAlways(this RouteGroupBuilder group, IReadOnlyList<ErrorKind> errors) =>
        group.WithMetadata(new OperationDescription.CommonErrorsOf(errors));

    /// <summary>Declares a body that the endpoint may answer with 400 instead of an error.</summary>
    /// <param name="name">The name of the schema of both.</param>
    public static RouteHandlerBuilder FailsWith<T>(this RouteHandlerBuilder endpoint, string name, string example) =>
        endpoint.WithMetadata(new OperationDescription.FailureOf(typeof(T), name, example));

    /// <summary>
    /// Declares a body that the endpoint reads. <c>Accepts</c> would also enforce it, and answer 415 before the token is checked.
    /// </summary>
    /// <inheritdoc cref="Answers{T}" path="/param[@name='example']"/>
    public static RouteHandlerBuilder Takes<T>(this RouteHandlerBuilder endpoint, string contentType = OperationDescription.Json,
        string? example = null)
        where T : notnull => endpoint.WithMetadata(new OperationDescription.BodyOf(typeof(T), contentType, example));

    /// <summary>
    /// Declares the JSON body that the endpoint reads, and a form with the same fields (see <see cref="FormFields"/>). A form of parts is
    /// read, but not declared, because NSwag makes a parameter of each of its fields.
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

    /// <summary>Declares the header of a request that may be repeated.</summary>
    public static RouteHandlerBuilder TakesIdempotencyKey(this RouteHandlerBuilder endpoint) =>
        endpoint.TakesHeader(IdempotencyKey.Header,
            $"A name of your own for this request. Within {IdempotencyKey.Kept.TotalHours} hours a repetition with the same key and body "
            + "gets the first answer and changes nothing. With another body it is 400.")
        .FailsOn(IdempotencyKey.Header, CommonErrors.NotAKey, CommonErrors.KeyUsed);

    /// <summary>Declares that the endpoint answers pages.</summary>
    public static RouteHandlerBuilder AnswersPages<T>(this RouteHandlerBuilder endpoint, string summary) =>
        endpoint.Answers<Page<T>>(summary)
        .TakesQuery("limit", $"The maximum number of results in a page: {Paging.DefaultLimit} by default, at most {Paging.MaxLimit}.",
            JsonSchemaType.Integer)
        .TakesQuery("cursor", "Do not make this value: request the `next` URL of the page before.")
        .FailsOn("limit", CommonErrors.TooSmallANumber).FailsOn("cursor", CommonErrors.NotACursor);
}
