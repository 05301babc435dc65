using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace DataRegistry.Access;

/// <summary>The subject who changed something.</summary>
/// <param name="Id">The subject's id; null if only the name is known, as of a job's creator.</param>
/// <param name="RequestId">As in the log; null if no request did it.</param>
public sealed record AuditActor(string Name, Guid? Id = null, Guid? Token = null, string? RequestId = null)
{
    public static AuditActor Of(HttpContext context)
    {
        var caller = Caller.Of(context);
        return new(caller.Name, caller.Id, caller.Token, context.TraceIdentifier);
    }
}

/// <summary>One change.</summary>
/// <param name="Action"><c>kind.what</c>, e.g. <c>token.created</c>: the kind of thing and what was done to it.</param>
/// <param name="Target">The thing's id.</param>
public sealed record AuditEvent(string Action, string Target)
{
    /// <summary>The project that it belongs to; null for none.</summary>
    public Guid? Project { get; init; }

    /// <summary>A few facts, before and after. Never a secret, never an item an object.</summary>
    public JsonObject? Details { get; init; }
}

/// <summary>
/// The trail of every change. It is written after the change, in a table of its own: a process that dies between the two leaves a change
/// that the trail does not tell, never the other way round. If the trail cannot be written the event is logged as an error with all that
/// would have been in it, and the request goes on: the change is made, and a failure would have it repeated.
/// </summary>
public sealed partial class AuditTrail(AuditTable table, TimeProvider clock, ILogger<AuditTrail> logger)
{
    public Task RecordAsync(HttpContext context, AuditEvent change) => RecordAsync(AuditActor.Of(context), change);

    // Takes no cancellation token: the change is made, whether or not anybody still waits for the answer.
    public async Task RecordAsync(AuditActor actor, AuditEvent change)
    {
        var details = AuditDetails.TextOf(change.Details);
        try
        {
            await table.AddAsync(
                new AuditRow
                {
                    PartitionKey = "",
                    RowKey = "",
                    Time = clock.GetUtcNow(),
                    Actor = actor.Name,
                    ActorId = actor.Id,
                    Token = actor.Token,
                    Action = change.Action,
                    Target = change.Target,
                    Project = change.Project,
                    RequestId = actor.RequestId,
                    Details = details,
                },
                change.Project, CancellationToken.None);
        }
        catch (Exception e)
        {
            Log.NotRecorded(logger, actor.Name, change.Action, change.Target, change.Project, actor.RequestId, details, e);
        }
    }

    static partial class Log
    {
        [LoggerMessage(
            LogLevel.Error, "Not in the audit trail: {Actor} {Action} {Target}, project {Project}, request {RequestId}, {Details}")]
        public static partial void NotRecorded(
            ILogger logger, string actor, string action, string target, Guid? project, string? requestId, string? details,
            Exception exception);
    }
}
