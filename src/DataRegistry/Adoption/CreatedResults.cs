using DataRegistry.Datums;
using DataRegistry.Http;
using DataRegistry.Jobs;
using DataRegistry.Storage;
using DataRegistry.Stores;
using Microsoft.AspNetCore.Http;

namespace DataRegistry.Adoption;

/// <summary>A URL that a job adopted, and its datum.</summary>
/// <param name="Outcome">Always <c>created</c>.</param>
/// <param name="Code">Always null, like the message: results have one shape.</param>
sealed record CreatedResult(string Url, string Outcome, string? Code, string? Message, DatumId Id)
{
    public const string Created = "created";
}

/// <summary>
/// The datums that a job created, in pages or as lines. Their ids begin with the job's time, so they lie together and
/// need no further row. They are available as long as the datums exist.
/// </summary>
sealed class CreatedResults(DatumTable datums, JobControl control)
{
    public async Task<IResult> AnswerAsync(HttpContext context, JobRow job)
    {
        var token = context.RequestAborted;
        if (JobResults.IsAskedForLines(context.Request))
        {
            var all = datums.ListOfJobAsync(job.JobId, after: null, Tables.MaxPageRows, token).Select(From);
            return JobResults.Lines(all, JobEndpoints.Json.CreatedResult, token);
        }

        var paging = Paging.From(context.Request);
        DatumCursor? after = paging.Cursor is null ? null
            : DatumCursor.TryParse(paging.Cursor, out var cursor) ? cursor : throw Paging.BadCursor();
        var (page, next) = await datums.ListOfJobAsync(job.JobId, after, paging.Limit + 1, token)
            .PageAsync(paging.Limit, row => row.Position.ToString(), token);
        var counts = job.Counts + (await control.ProgressAsync(job, token)).Done;
        return Results.Json(
            new Page<CreatedResult>((int)counts.Created, Paging.Next(context, next), null, [.. page.Select(From)]),
            JobEndpoints.Json.PageCreatedResult);
    }

    static CreatedResult From(JobDatumRow row) =>
        new(new S3Url(row.Bucket, row.Key).ToString(), CreatedResult.Created, Code: null, Message: null, row.Id);
}
