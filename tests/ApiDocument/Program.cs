using DataRegistry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;

// Writes the OpenAPI documents of the service into a folder, for linters and client generators. The service starts
// without storage, because its documents need none.
var folder = args is [var given] ? given : throw new ArgumentException("One argument is expected: the folder to write to.");
var builder = WebApplication.CreateSlimBuilder();
builder.WebHost.UseUrls("http://127.0.0.1:0");
builder.Logging.ClearProviders().AddSimpleConsole().SetMinimumLevel(LogLevel.Error);
builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>(StringComparer.Ordinal)
{
    ["AzureWebJobsStorage"] = "UseDevelopmentStorage=true",
    ["Stores:SecretKey"] = Convert.ToBase64String(new byte[32]),
});
builder.Services.AddDataRegistry(builder.Configuration);
await using var app = builder.Build();
app.MapDataRegistry();
await app.StartAsync();
using var http = new HttpClient { BaseAddress = new Uri(app.Urls.Single()) };
Directory.CreateDirectory(folder);
foreach (var name in new[] { "v1.json", "v1-3.0.json" })
    await File.WriteAllTextAsync(Path.Combine(folder, name), await http.GetStringAsync(new Uri($"/openapi/{name}", UriKind.Relative)));
