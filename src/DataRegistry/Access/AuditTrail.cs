using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace DataRegistry.Access;

/// <summary>The subject that changed something.</summary>
/// <param name="Id">The subject's id; null if only the name is known, such as that of a job's creator.</param>
/// <param name="RequestId">The request's id, as in the log; null if no request did it.</param>
public sealed record AuditActor(string Name, Guid? Id = null, Guid? Token = null, string? RequestId = null)
{
    public static AuditActor Of(HttpContext context)
    {
        var caller = Caller.Of(context);
        return new(caller.Name, caller.Id, caller.Token, context.TraceIdentifier);
    }
}

/// <summary>One change.</summary>
/// <param name="Action"><c>kind.what</c>, e.g. <c>token.created</c>: a kind of thing and an action.</param>
/// <param name="Target">The thing's id.</param>
public sealed record AuditEvent(string Action, string Target)
{
    /// <summary>The project that it belongs to; null for none.</summary>
    public Guid? Project { get; init; }

    /// <summary>A few facts, before and after: never a secret, and never one item for each object.</summary>
    public JsonObject? Details { get; init; }
}

/// <summary>
/// The trail of every change, in a table of its own. An event is written after its change, so a process that dies between them leaves a
/// change without an event, never an event without a change. If the trail cannot be written, the whole event is logged as an error and
/// the request goes on: the change is done, and a failure would make the client repeat it.
/// </summary>
public sealed partial class AuditTrail(AuditTable table, TimeProvider clock, ILogger<AuditTrail> logger)
{
    public Task RecordAsync(HttpContext context, AuditEvent change) => RecordAsync(AuditActor.Of(context), change);

    // There is no cancellation token: the change is done, even if the caller has hung up.
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
