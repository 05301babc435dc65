using System.Runtime.CompilerServices;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace DataRegistry.Tests.Fixtures;

/// <summary>
/// Compares whole bodies with the files under <c>Wire/</c>. Names of their kind replace ids, times and ports.
/// <c>DATAREGISTRY_REWRITE_WIRE=1</c> rewrites the files: read the diff before committing it.
/// </summary>
static partial class Wire
{
    static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static Task AssertAsync(string name, HttpResponseMessage response) => AssertAsync(name, response, default);

    /// <param name="varying">A value that differs from run to run, and its replacement.</param>
    public static async Task AssertAsync(string name, HttpResponseMessage response, (string Name, string Value) varying)
    {
        var body = JsonSerializer.Serialize(JsonSerializer.Deserialize<JsonElement>(await response.Content.ReadAsStringAsync()), Indented);
        body = Port().Replace(Time().Replace(Id().Replace(body, "<id>"), "<time>"), "<host>");
        body = Cursor().Replace(Rate().Replace(body, "\"rate\": <number>"), "cursor=<cursor>");
        body = Secret().Replace(body, "dr_<secret>");
        if (varying.Value is not null)
            body = body.Replace(varying.Value, $"<{varying.Name}>", StringComparison.Ordinal);
        var actual = $"{(int)response.StatusCode} {response.Content.Headers.ContentType}\n{body}\n";
        var file = Path.Combine(Folder(), $"{name}.txt");
        if (Environment.GetEnvironmentVariable("DATAREGISTRY_REWRITE_WIRE") == "1")
            await File.WriteAllTextAsync(file, actual);
        Assert.Equal(await File.ReadAllTextAsync(file), actual);
    }

    static string Folder([CallerFilePath] string here = "") => Path.Combine(Path.GetDirectoryName(here)!, "..", "Wire");

    [GeneratedRegex("[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}")]
    private static partial Regex Id();

    [GeneratedRegex(@"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")]
    private static partial Regex Time();

    [GeneratedRegex(@"127\.0\.0\.1:\d+")]
    private static partial Regex Port();

    [GeneratedRegex(@"""rate"": [\d.]+")]
    private static partial Regex Rate();

    [GeneratedRegex("dr_[A-Za-z0-9_-]{43}")]
    private static partial Regex Secret();

    [GeneratedRegex(@"cursor=[\w-]+")]
    private static partial Regex Cursor();
}
