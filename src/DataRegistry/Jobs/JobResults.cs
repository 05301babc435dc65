using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using DataRegistry.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace DataRegistry.Jobs;

/// <summary>An input that a job's results name.</summary>
interface IJobResult
{
    string Outcome { get; }
}

/// <summary>Answers requests for a job's results, as pages or as lines of JSON.</summary>
sealed class JobResults(
    WorkTable work, JobBlobs blobs, JobCollection collection, TimeProvider clock, IOptions<JobOptions> options)
{
    public const string NdJson = "application/x-ndjson";

    public const string LinesDescription = $"With `Accept: {NdJson}` the answer has all of them, one JSON object a line.";

    /// <summary>Answers a request for a job's results; 410 after their retention time.</summary>
    /// <param name="outcomes">The values that <c>outcome</c> may have. Without it the answer has all results.</param>
    public async Task<IResult> AnswerAsync<T>(
        HttpContext context, JobRow job, IReadOnlyList<string> outcomes, JsonTypeInfo<T> type, JsonTypeInfo<Page<T>> pageType)
            where T : IJobResult
    {
        RequireKept(job);
        var outcome = Fields.Query(context.Request, "outcome") ?? "";
        if (outcome.Length > 0 && !outcomes.Contains(outcome, StringComparer.Ordinal))
            throw CommonErrors.NotAChoice.On("outcome", string.Join(", ", outcomes));

        if (IsAskedForLines(context.Request))
        {
            var all = ReadAsync(job, outcome, default, type, context.RequestAborted).Select(r => r.Result);
            return Lines(all, type, context.RequestAborted);
        }

        var paging = Paging.From(context.Request);
        var from = paging.Cursor is null
            ? default
            : ResultsPosition.TryParse(paging.Cursor, out var position) ? position : throw Paging.BadCursor();
        var page = new List<T>();
        var budget = new PageBudget(paging.Limit);
        string? next = null;
        await foreach (var (at, result) in ReadAsync(job, outcome, from, type, context.RequestAborted))
        {
            if (!budget.TryTake(JsonSerializer.SerializeToUtf8Bytes(result, type).Length))
            {
                next = at.ToString();
                break;
            }

            page.Add(result);
        }

        var count = await work.ListResultsAsync(
            job.JobId, null, context.RequestAborted).AggregateAsync(0L, (sum, row) => sum + row.Counts.Of(outcome), context.RequestAborted);
        return Results.Json(new Page<T>((int)count, Paging.Next(context, next), null, page), pageType);
    }

    public static bool IsAskedForLines(HttpRequest request) =>
        request.GetTypedHeaders().Accept.Any(a => a.MediaType.Equals(NdJson, StringComparison.OrdinalIgnoreCase));

    /// <summary>All results, a JSON value a line.</summary>
    public static IResult Lines<T>(IAsyncEnumerable<T> results, JsonTypeInfo<T> type, CancellationToken cancellationToken) =>
        Results.Stream(async output =>
        {
            await foreach (var result in results.WithCancellation(cancellationToken))
            {
                await JsonSerializer.SerializeAsync(output, result, type, cancellationToken);
                await output.WriteAsync("\n"u8.ToArray(), cancellationToken);
            }
        }, NdJson);

    /// <exception cref="ApiException">410: the results are deleted, or about to be.</exception>
    public void RequireKept(JobRow job)
    {
        if (collection.AreResultsGone(job, clock.GetUtcNow()))
            throw JobErrors.ResultsGone.With(options.Value.ResultDays);
    }

    /// <summary>The results from a position on, each with its own position.</summary>
    public async IAsyncEnumerable<(ResultsPosition At, T Result)> ReadAsync<T>(
        JobRow job, string outcome, ResultsPosition from, JsonTypeInfo<T> type,
        [EnumeratorCancellation] CancellationToken cancellationToken) where T : IJobResult
    {
        await foreach (var row in work.ListResultsAsync(job.JobId, from.RowKey, cancellationToken))
        {
            if (row.Counts.Of(outcome) == 0)
                continue;
            var line = row.RowKey == from.RowKey ? from.Line : 0;
            await foreach (var result in blobs.ReadResultsAsync(row.Blob, line, type, cancellationToken))
            {
                if (outcome.Length == 0 || result.Outcome == outcome)
                    yield return (new(row.RowKey, line), result);
                line++;
            }
        }
    }
}

/// <summary>The position among a job's results where a page continues.</summary>
readonly record struct ResultsPosition(string? RowKey, int Line)
{
    public static bool TryParse(string text, out ResultsPosition position)
    {
        position = default;
        var space = text.LastIndexOf(' ');
        if (space <= 0 || !int.TryParse(text.AsSpan(space + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var line))
            return false;
        position = new(text[..space], line);
        return text.StartsWith("r-", StringComparison.Ordinal) && text[..space].All(c => char.IsAsciiLetterOrDigit(c) || c == '-');
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{RowKey} {Line}");
}
