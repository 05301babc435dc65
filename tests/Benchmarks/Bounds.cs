using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using DataRegistry.LocalHost.Buckets;
using DataRegistry.Stores;
using DataRegistry.Stores.S3;

namespace DataRegistry.Benchmarks;

/// <summary>
/// The cost of hostile input: patterns that are expensive to match, and documents of a bucket's server that are
/// expensive to read. Memory is this process's increase. It includes the server's, which sends a prepared document.
/// </summary>
static class Bounds
{
    const string Result = "ListBucketResult";

    public static Command Command()
    {
        var command = new Command("bounds", "Measures the processor time and the memory of hostile patterns and listings.");
        command.SetAction(async (_, cancellationToken) =>
        {
            await RequestAsync(cancellationToken);
            var table = new TextTable("input", "answer", "CPU ms", "allocated MB", "peak MB above before");
            await PatternsAsync(table);
            await DocumentsAsync(table, cancellationToken);
            table.Print();
        });
        return command;
    }

    /// <summary>A hundred patterns and forty keys that match none of them.</summary>
    static (string[] Patterns, string[] Keys) Hostile()
    {
        var random = new Random(20);
        string[] patterns =
        [
            .. Enumerable.Range(0, 100).Select(i => $"**{(char)('a' + (i % 26))}{new string('?', 31)}{(char)('a' + (i / 26))}0"),
        ];
        string[] keys = [.. Enumerable.Range(0, 40).Select(i => i.ToString("D2", CultureInfo.InvariantCulture)
            + string.Concat(Enumerable.Range(0, 998).Select(_ => (char)('a' + random.Next(26)))))];
        return (patterns, keys);
    }

    /// <summary>The whole request to the whole service, as a dry run.</summary>
    static async Task RequestAsync(CancellationToken cancellationToken)
    {
        var (patterns, keys) = Hostile();
        await using var arena = await Arena.StartAsync(cancellationToken);
        await using var bucket = await BucketProcess.StartAsync(["a"], cancellationToken);
        await using var service = await ServiceProcess.StartAsync(arena, bucket.Store, cancellationToken);
        var path = $"/api/v0/stores/{bucket.Store.Id}/adopt/";
        // The first request compiles the code, the second one is measured.
        foreach (var part in new[] { keys[..1], keys })
        {
            var (processor, allocated) = (service.ProcessorTime, await service.AllocatedAsync(cancellationToken));
            var body = new
            {
                urls = part.Select(key => $"s3://{bucket.Store.Configuration.Bucket}/{key}"),
                exclude = patterns,
                dry_run = true,
                project = RunningService.ProjectId,
            };
            using var response = await service.Http.PostAsJsonAsync(path, body, cancellationToken);
            var answer = await response.Content.ReadFromJsonAsync<JsonElement>(cancellationToken);
            Console.WriteLine(
                $"request with {patterns.Length} patterns and {part.Length} keys: {(int)response.StatusCode}, "
                    + $"CPU {(service.ProcessorTime - processor).TotalMilliseconds:F0} ms, "
                    + $"allocated {(await service.AllocatedAsync(cancellationToken) - allocated) / 1e6:F1} MB, "
                    + $"peak of the process {service.PeakMebibytes:F0} MiB, {answer.GetProperty("counts")}");
        }
    }

    static async Task PatternsAsync(TextTable table)
    {
        var (patterns, keys) = Hostile();
        await MeasureAsync(table, "100 patterns of 35, 40 keys of 1,000", () => Match(patterns, keys));
        await MeasureAsync(
            table, "8 patterns of 1,024, 1,000 keys of 1,024",
            () => Match(
                [.. Enumerable.Range(0, 8).Select(i => $"**{string.Join("**", Enumerable.Repeat(new string('a', 32), 30))}{i}")],
                [.. Enumerable.Range(0, 1000).Select(i => new string('a', 1020) + i.ToString("D4", CultureInfo.InvariantCulture))]));
    }

    static Task<string> Match(string[] patterns, string[] keys)
    {
        var globs = KeyGlobs.Of(patterns);
        return Task.FromResult($"{keys.Count(key => globs.FirstMatch(key, CancellationToken.None) is not null)} match");
    }

    static async Task DocumentsAsync(TextTable table, CancellationToken cancellationToken)
    {
        await using var server = await BucketServer.StartAsync(cancellationToken: cancellationToken);
        server.CreateBucket("demo");
        using var buckets = new Buckets(new() { MaxRetries = 0 });
        var configuration = new StoreConfiguration("demo", null, server.Url, "key", "secret", null);
        var bucket = buckets.Open(new() { Id = Guid.NewGuid(), Name = "demo", Configuration = configuration });
        foreach (var (name, document, status) in Documents())
        {
            var bytes = Encoding.UTF8.GetBytes(document);
            server.Intercept = async (http, _) =>
            {
                http.Response.StatusCode = status;
                await http.Response.Body.WriteAsync(bytes, CancellationToken.None);
                return true;
            };
            await MeasureAsync(table, $"{name}, {bytes.Length / 1e6:F1} MB", async () =>
            {
                try
                {
                    return $"{(await bucket.ListAsync(new(), cancellationToken)).Objects.Count} objects";
                }
                catch (BucketException e)
                {
                    return $"{e.Fault}: {e.Message[..Math.Min(e.Message.Length, 50)]}";
                }
            });
        }
    }

    static IEnumerable<(string Name, string Document, int Status)> Documents()
    {
        yield return Listing("1,000 entries of S3", Repeat(Entry, 1000));
        yield return Listing("empty entries", Repeat("<Contents/>", 2_900_000));
        yield return Listing("empty entries", Repeat("<Contents/>", 60_000));
        yield return Listing("tags within an entry", $"<Contents><Key>k</Key>{Repeat("<a/>", 60_000)}</Contents>");
        yield return Listing(
            "checksum algorithms", $"<Contents><Key>k</Key>{Repeat("<ChecksumAlgorithm>a</ChecksumAlgorithm>", 30_000)}</Contents>");
        yield return Listing("tags within tags", Repeat("<a>", 60_000));
        yield return Listing("long tags within tags", Repeat($"<{new string('a', 120)}>", 60_000));
        yield return Listing(
            "comments within a key", $"<Contents><Key>{Repeat($"<!---->{new string('k', 120)}", 60_000)}</Key></Contents>");
        yield return Listing(
            "sections within a key", $"<Contents><Key>{Repeat($"<![CDATA[{new string('k', 110)}]]>", 60_000)}</Key></Contents>");
        yield return Listing("references within a key", $"<Contents><Key>{Repeat("&#65;", 1_500_000)}</Key></Contents>");
        yield return Listing("attributes", $"<Contents {string.Concat(Enumerable.Range(0, 700_000).Select(i => $"a{i:x}='' "))}/>");
        yield return Listing("namespaces", $"<Contents {string.Concat(Enumerable.Range(0, 500_000).Select(i => $"xmlns:a{i:x}='a' "))}/>");
        yield return Listing("a key of 8 MB", $"<Contents><Key>{new string('k', 8_000_000)}</Key></Contents>");
        yield return Listing("a token of 8 MB", $"<NextContinuationToken>{new string('k', 8_000_000)}</NextContinuationToken>");
        yield return ("an error of tags within tags", $"<Error><Code>a</Code>{Repeat("<a>", 60_000)}</Error>", 400);
        yield return (
            "an error of long tags within tags", $"<Error><Code>a</Code>{Repeat($"<{new string('a', 120)}>", 60_000)}</Error>", 400);
        yield return (
            "an error with a message of 8 MB", $"<Error><Code>a</Code><Message>{new string('k', 8_000_000)}</Message></Error>", 400);
    }

    const string Entry = "<Contents><Key>data/0123456789</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified>"
        + "<ETag>&quot;e&quot;</ETag><Size>1</Size></Contents>";

    static (string Name, string Document, int Status) Listing(string name, string content) =>
        (name, $"<{Result}><EncodingType>url</EncodingType><IsTruncated>false</IsTruncated>{content}</{Result}>", 200);

    static string Repeat(string text, int count) => new StringBuilder(text.Length * count).Insert(0, text, count).ToString();

    static async Task MeasureAsync(TextTable table, string name, Func<Task<string>> run)
    {
        GC.Collect(2, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        Measured.ResetPeak();
        var before = Measured.PeakOf(Environment.ProcessId) ?? double.NaN;
        var (processor, allocated) = (Environment.CpuUsage.TotalTime, GC.GetTotalAllocatedBytes());
        var watch = Stopwatch.StartNew();
        var answer = await run();
        table.Add(
            name, answer, (Environment.CpuUsage.TotalTime - processor).TotalMilliseconds, (GC.GetTotalAllocatedBytes() - allocated) / 1e6,
            (Measured.PeakOf(Environment.ProcessId) ?? double.NaN) - before);
        Console.WriteLine($"{name}: {answer}, {watch.Elapsed.TotalSeconds:F2} s");
    }
}
