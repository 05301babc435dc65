using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using DataRegistry.Http;
using Json.Schema;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.OpenApi;

namespace DataRegistry.Tests.Fixtures;

/// <summary>
/// The service's own OpenAPI document. Every answer of every test is checked against it. Objects are closed: an answer
/// has no property that the document does not declare. Schemas are compiled once for all tests.
/// </summary>
sealed partial class ApiContract
{
    static readonly Lock Making = new();
    static Task<ApiContract>? shared;

    /// <summary>The base address of the components' schemas, for references.</summary>
    static readonly Uri Base = new("https://contract.test/");

    static readonly EvaluationOptions Quick = new() { OutputFormat = OutputFormat.Flag, RequireFormatValidation = true };
    static readonly EvaluationOptions Thorough = new() { OutputFormat = OutputFormat.List, RequireFormatValidation = true };

    /// <summary>The type that stands for forms of all types.</summary>
    public const string Form = "application/x-www-form-urlencoded";

    static readonly string[] ApiHeaders = [IdempotencyKey.Header, Prefer.Header];

    readonly Lock building = new();
    readonly List<Operation> operations = [];
    readonly ConcurrentDictionary<(string Operation, string Status), byte> seen = new();
    readonly JsonObject document;
    readonly BuildOptions build = new() { SchemaRegistry = new(), Dialect = Dialect.Draft202012 };

    ApiContract(JsonObject document)
    {
        this.document = document;
        var components = document["components"]!["schemas"]!.AsObject();
        var definitions = new JsonObject();
        foreach (var (name, schema) in components)
            definitions[name] = Closed(schema!, isUse: false);
        Build(new JsonObject { ["$defs"] = definitions }, Base);
        foreach (var (path, item) in document["paths"]!.AsObject())
        {
            foreach (var (method, operation) in item!.AsObject())
                operations.Add(new(method.ToUpperInvariant(), path, Pattern(path), operation!["responses"]!.AsObject()
                    .ToDictionary(r => r.Key, r => new Response(Resolved(r.Value!)), StringComparer.Ordinal))
                {
                    Takes = operation["requestBody"] is { } request
                        ? [.. Resolved(request)["content"]!.AsObject().Select(c => c.Key)] : [],
                    Headers = [.. (operation["parameters"]?.AsArray() ?? []).Select(p => Resolved(p!))
                        .Where(p => p["in"]!.GetValue<string>() == "header").Select(p => p["name"]!.GetValue<string>())],
                });
        }

        // If two paths fit, prefer the one with fewer parameters.
        operations.Sort((a, b) => a.Path.Count(c => c == '{').CompareTo(b.Path.Count(c => c == '{')));
    }

    /// <summary>Every operation with every status that it declares.</summary>
    public IEnumerable<(string Operation, string Status)> Declared => operations.SelectMany(o => o.Responses.Select(r => (o.Name, r.Key)));

    /// <summary>The statuses that tests have seen.</summary>
    public ICollection<(string Operation, string Status)> Seen => seen.Keys;

    /// <summary>
    /// The contract of all tests. It is read from a separate service that is not started, because tests count requests
    /// of theirs.
    /// </summary>
    public static Task<ApiContract> SharedAsync()
    {
        lock (Making)
            return shared ??= Task.Run(MakeAsync);
    }

    static async Task<ApiContract> MakeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["AzureWebJobsStorage"] = "UseDevelopmentStorage=true",
            ["Stores:SecretKey"] = Convert.ToBase64String(new byte[32]),
        });
        builder.Services.AddDataRegistry(builder.Configuration);
        await using var app = builder.Build();
        app.MapDataRegistry();
        var provider = app.Services.GetRequiredKeyedService<IOpenApiDocumentProvider>(ApiDescription.DocumentName);
        var text = await (await provider.GetOpenApiDocumentAsync()).SerializeAsJsonAsync(OpenApiSpecVersion.OpenApi3_1);
        return new(JsonNode.Parse(text)!.AsObject());
    }

    /// <summary>Every example of a body, with its fault; null if none.</summary>
    public IEnumerable<(string Where, string? Fault)> Examples()
    {
        foreach (var (path, item) in document["paths"]!.AsObject())
        {
            foreach (var (method, operation) in item!.AsObject())
            {
                var bodies = operation!["responses"]!.AsObject().Select(r => (Name: r.Key, Body: Resolved(r.Value!)));
                if (operation["requestBody"] is { } request)
                    bodies = bodies.Append(("request", Resolved(request)));
                foreach (var (name, body) in bodies)
                {
                    foreach (var (type, media) in body["content"]?.AsObject() ?? [])
                    {
                        var schema = Compile(media!["schema"]!);
                        foreach (var example in media["examples"]?.AsObject().Select(e => e.Value!["value"]) ?? [media["example"]])
                        {
                            if (example is not null)
                                yield return ($"{method} {path} {name} {type}",
                                    JsonFault(schema, JsonSerializer.SerializeToUtf8Bytes(example)));
                        }
                    }
                }
            }
        }
    }

    /// <summary>The fault of an answer; null if the document allows it, or is silent about it on purpose.</summary>
    public string? Fault(HttpMethod method, Uri url, HttpStatusCode status, string? contentType, byte[] body)
    {
        // A browser's preflight request.
        if (method == HttpMethod.Options || ApiExceptions.IsLeftOut(url.AbsolutePath, status))
            return null;
        var name = method == HttpMethod.Head ? "GET" : method.Method;
        var path = url.AbsolutePath;
        var operation = operations.Find(o => o.Method == name && o.Pattern.IsMatch(path));
        if (operation is null)
        {
            // The path or the method does not exist.
            return status is HttpStatusCode.NotFound or HttpStatusCode.MethodNotAllowed ? null
                : $"{name} {path} is not declared, and answers {(int)status}";
        }

        var code = ((int)status).ToString(CultureInfo.InvariantCulture);
        if (!operation.Responses.TryGetValue(code, out var response))
            return ApiExceptions.MayBeUndeclared(status) ? null
                : $"{operation.Name} does not declare {code}: {Encoding.UTF8.GetString(body)}";
        seen[(operation.Name, code)] = 0;

        return method == HttpMethod.Head || ApiExceptions.IsIncomplete(operation.Name, url) ? null
            : BodyFault(response, contentType, body) is { } fault ? $"{operation.Name} {code}: {fault}\n{Encoding.UTF8.GetString(body)}"
            : null;
    }

    /// <summary>
    /// The fault of an accepted request: the document does not declare its form, or a header that the API reads. Null
    /// if there is none.
    /// </summary>
    public string? Fault(HttpRequestMessage request, bool hasForm)
    {
        var path = request.RequestUri!.AbsolutePath;
        if (operations.Find(o => o.Method == request.Method.Method && o.Pattern.IsMatch(path)) is not { } operation)
            return null;
        List<string> undeclared = [.. ApiHeaders.Where(request.Headers.Contains).Except(operation.Headers)];
        if (hasForm && !operation.Takes.Contains(Form))
            undeclared.Add(Form);
        return undeclared.Count == 0 ? null : $"{operation.Name} takes {string.Join(", ", undeclared)}, and does not declare it";
    }

    string? BodyFault(Response response, string? contentType, byte[] body)
    {
        if (response.Contents.Count == 0)
            return body.Length == 0 ? null : "a body is not declared";
        var type = contentType?.Split(';')[0];
        if (type is null || !response.Contents.ContainsKey(type))
            return $"{type ?? "no content type"} is not declared";
        return type switch
        {
            "application/json" => JsonFault(response.SchemaOf(type, this), body),
            "application/x-ndjson" => LinesFault(response, body),
            _ => null,
        };
    }

    /// <summary>A line has the schema of a page's results.</summary>
    string? LinesFault(Response response, byte[] body)
    {
        var line = response.LineSchema(this);
        return Encoding.UTF8.GetString(body).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(l => JsonFault(line, Encoding.UTF8.GetBytes(l))).FirstOrDefault(f => f is not null);
    }

    static string? JsonFault(JsonSchema schema, byte[] body)
    {
        JsonElement value;
        try
        {
            value = JsonDocument.Parse(body).RootElement;
        }
        catch (JsonException e)
        {
            return $"no JSON: {e.Message}";
        }

        if (schema.Evaluate(value, Quick).IsValid)
            return null;
        var details = schema.Evaluate(value, Thorough).Details ?? [];
        return string.Join("; ", details.Where(d => d.Errors is { Count: > 0 })
            .SelectMany(d => d.Errors!.Select(e => $"{d.InstanceLocation}: {e.Value}")).Distinct().Take(10));
    }

    JsonSchema Compile(JsonNode schema) => Build(Closed(schema, isUse: true).AsObject(), new Uri($"{Base}{Guid.NewGuid():N}"));

    /// <summary>One at a time: the registry of schemas is not thread-safe, and tests run in parallel.</summary>
    JsonSchema Build(JsonObject schema, Uri address)
    {
        lock (building)
            return JsonSchema.Build(JsonSerializer.SerializeToElement(schema), build, address);
    }

    /// <summary>The schema without descriptions, with local references, and with closed objects for values.</summary>
    /// <param name="isUse">Whether a value has this schema itself, not one that extends it.</param>
    static JsonNode Closed(JsonNode node, bool isUse)
    {
        if (node is not JsonObject schema)
            return node.DeepClone();
        var closed = new JsonObject();
        foreach (var (keyword, value) in schema)
        {
            switch (keyword)
            {
                case "$ref":
                    closed[keyword] = value!.GetValue<string>()
                        .Replace("#/components/schemas/", $"{Base}#/$defs/", StringComparison.Ordinal);
                    break;
                case "properties":
                    closed[keyword] = new JsonObject(value!.AsObject()
                        .Select(p => KeyValuePair.Create(p.Key, (JsonNode?)Closed(p.Value!, isUse: true))));
                    break;
                case "items" or "additionalProperties":
                    closed[keyword] = Closed(value!, isUse: true);
                    break;
                case "allOf" or "oneOf" or "anyOf":
                    closed[keyword] = new JsonArray([.. value!.AsArray().Select(v => Closed(v!, isUse: false))]);
                    break;
                case "type" or "required" or "enum" or "const" or "format" or "pattern":
                case "minimum" or "maximum" or "minLength" or "maxLength" or "minItems" or "maxItems":
                    closed[keyword] = value!.DeepClone();
                    break;
                case "description" or "example" or "examples" or "default" or "title" or "deprecated":
                    break;
                default:
                    if (!keyword.StartsWith("x-", StringComparison.Ordinal))
                        throw new NotSupportedException($"The keyword {keyword} of a schema would be passed over.");
                    break;
            }
        }

        if (isUse && new[] { "$ref", "properties", "allOf", "oneOf", "anyOf" }.Any(schema.ContainsKey))
            closed["unevaluatedProperties"] = false;
        return closed;
    }

    JsonObject Resolved(JsonNode node)
    {
        while (node["$ref"]?.GetValue<string>() is { } reference)
            node = reference.Split('/').Skip(1).Aggregate((JsonNode)document, (at, part) => at[part]!);
        return node.AsObject();
    }

    static Regex Pattern(string path) => new(
        $"^{Parameter().Replace(Regex.Escape(path.TrimEnd('/')).Replace("\\{", "{", StringComparison.Ordinal), "[^/]+")}/?$",
        RegexOptions.CultureInvariant | RegexOptions.IgnoreCase);

    [GeneratedRegex(@"\{[^}]*\}")]
    private static partial Regex Parameter();

    sealed record Operation(string Method, string Path, Regex Pattern, Dictionary<string, Response> Responses)
    {
        public string Name => $"{Method} {Path}";

        /// <summary>The types of its bodies.</summary>
        public HashSet<string> Takes { get; init; } = [];

        public HashSet<string> Headers { get; init; } = [];
    }

    sealed class Response(JsonObject declared)
    {
        readonly ConcurrentDictionary<string, JsonSchema> compiled = new(StringComparer.Ordinal);

        public JsonObject Contents { get; } = declared["content"]?.AsObject() ?? [];

        public JsonSchema SchemaOf(string type, ApiContract contract) =>
            compiled.GetOrAdd(type, _ => contract.Compile(Contents[type]!["schema"]!));

        public JsonSchema LineSchema(ApiContract contract) => compiled.GetOrAdd(
            "line", _ => contract.Compile(contract.Resolved(
                Contents["application/json"]!["schema"]!)["properties"]!["results"]!["items"]!));
    }
}

/// <summary>Checks every answer against the contract, and fails its test if it breaks it.</summary>
sealed class ContractHandler(HttpMessageHandler inner) : DelegatingHandler(inner)
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var (method, url) = (request.Method, request.RequestUri!);
        var response = await base.SendAsync(request, cancellationToken);
        await response.Content.LoadIntoBufferAsync(cancellationToken);
        var body = await response.Content.ReadAsByteArrayAsync(cancellationToken);
        var contract = await ApiContract.SharedAsync();
        var fault = contract.Fault(method, url, response.StatusCode, response.Content.Headers.ContentType?.ToString(), body);
        if (response.IsSuccessStatusCode && request.Method != HttpMethod.Head)
            fault ??= contract.Fault(request, await HasFormAsync(request.Content));
        Assert.True(fault is null, fault);
        return response;
    }

    /// <summary>Whether it is a form; one that begins as an object is JSON, whatever it is called.</summary>
    static async Task<bool> HasFormAsync(HttpContent? content) => content is MultipartFormDataContent
        || content is ByteArrayContent && content.Headers.ContentType?.MediaType == ApiContract.Form
            && !(await content.ReadAsStringAsync()).TrimStart('\uFEFF', ' ', '\t', '\r', '\n').StartsWith('{');
}
