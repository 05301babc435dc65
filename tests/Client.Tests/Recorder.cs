using System.Collections;
using System.Globalization;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using Newtonsoft.Json;

namespace DataRegistry.Client.Tests;

/// <summary>Keeps the last raw answer, to compare the client's result with it.</summary>
sealed class Recorder(HttpMessageHandler inner) : DelegatingHandler(inner)
{
    public string Body { get; private set; } = "";

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var response = await base.SendAsync(request, cancellationToken);
        await response.Content.LoadIntoBufferAsync(cancellationToken);
        Body = await response.Content.ReadAsStringAsync(cancellationToken);
        return response;
    }

    /// <summary>Fails unless the value has every field of the last answer, with its value, in a property of its own.</summary>
    public void AssertKept(object? value)
    {
        if (Body.Length == 0)
            return;
        Assert.Empty(Differences(JsonNode.Parse(Body), JsonNode.Parse(JsonConvert.SerializeObject(value)), "$"));
        AssertNothingElse(value, []);
    }

    static IEnumerable<string> Differences(JsonNode? sent, JsonNode? got, string at) => (sent, got) switch
    {
        (null, null) => [],
        (JsonObject o, JsonObject p) => o.SelectMany(f => f.Value is null && !p.ContainsKey(f.Key) ? []
            : Differences(f.Value, p[f.Key], $"{at}.{f.Key}"))
            .Concat(p.Where(f => f.Value is not null && !o.ContainsKey(f.Key)).Select(f => $"{at}.{f.Key} was not sent")),
        (JsonArray a, JsonArray b) when a.Count == b.Count => a.Zip(b)
            .SelectMany((pair, i) => Differences(pair.First, pair.Second, string.Create(CultureInfo.InvariantCulture, $"{at}[{i}]"))),
        (JsonValue v, JsonValue w) when IsSame(v, w) => [],
        _ => [$"{at} is {got?.ToJsonString() ?? "lost"}, and was {sent?.ToJsonString() ?? "not sent"}"],
    };

    static bool IsSame(JsonValue sent, JsonValue got) => sent.ToJsonString() == got.ToJsonString()
        || (sent.GetValueKind() == JsonValueKind.Number && got.GetValueKind() == JsonValueKind.Number && sent.GetValue<JsonElement>()
            .GetDecimal() == decimal.Parse(got.ToJsonString(), NumberStyles.Float, CultureInfo.InvariantCulture))
        || (DateTimeOffset.TryParse(sent.ToString(), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var a)
            && DateTimeOffset.TryParse(got.ToString(), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var b) && a == b);

    /// <summary>The client's user does not find a field among "additional properties".</summary>
    static void AssertNothingElse(object? value, HashSet<object> visited)
    {
        if (value is null or string || value.GetType().IsPrimitive || value.GetType()
            .Namespace?.StartsWith("System", StringComparison.Ordinal) == true && value is not IEnumerable || !visited.Add(value))
            return;
        if (value is IEnumerable items)
        {
            foreach (var item in items)
                AssertNothingElse(item, visited);
            return;
        }

        if (value.GetType().Namespace != typeof(ApiClient).Namespace)
            return;
        foreach (var property in value.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance))
        {
            var inner = property.GetValue(value);
            if (property.Name == "AdditionalProperties")
                Assert.Empty(((IDictionary)inner!).Keys);
            else
                AssertNothingElse(inner, visited);
        }
    }
}
