using DataRegistry.Http;
using Microsoft.AspNetCore.Http;

namespace DataRegistry.DataVolumes;

/// <summary>Errors of data volumes. The contract may have a message of its own for a status (<see cref="V1ErrorBody"/>).</summary>
static class DataVolumeErrors
{
    public static DetailError VolumeNameTaken { get; } = new(
        StatusCodes.Status409Conflict, "Resource with this name already exists", "Another data volume of the cluster has this name.");

    public static DetailError TooManyVolumes { get; } = new(
        StatusCodes.Status400BadRequest, "A project has at most {max} data volumes. Delete some of them first.",
        "The project has as many data volumes as the setting `DataVolumes__MaxPerProject` allows.");

    public static FieldError AddedAndRemoved { get; } = new(
        "invalid", "The request both adds and removes the scope {scope}.", "A scope can be added or removed, not both.");

    public static FieldError TooManyScopes { get; } = new(
        "max_length",
        "A data volume is shared with at most {max} scopes; it would be {count}. Share it with a "
        + "department or the cluster instead.",
        "The data volume is shared with too many scopes.");

    public static FieldError ScopeOutside { get; } = new(
        "does_not_exist", "There is no {kind} {id} in the data volume's cluster, which sharing stays in.",
        "The scope does not exist in the cluster of the data volume.");

    public static DetailError InUse { get; } = new(
        StatusCodes.Status409Conflict, "The data volume '{name}' is in use by a workload. Delete it when no workload uses it any more.",
        "A workload uses the data volume.");

    public static DetailError DeletionNotAsked { get; } = new(
        StatusCodes.Status409Conflict, "Nobody asked for the deletion of '{name}'. If it is gone from the cluster, report NotReady.",
        "The agent reports a deletion that nobody asked for.");

    public static DetailError NoAgent { get; } = new(
        StatusCodes.Status409Conflict, "Cluster '{cluster}' is not marked as having an agent. Mark it first.",
        "The cluster is not marked as having an agent.");

    public static FieldError InTheFuture { get; } = new(
        "invalid", "It lies in the future: here it is {now}. Set the agent's clock.", "The report is about a time in the future.");

    public static FieldError NotAVolumeName { get; } = new(
        "invalid", DataVolumeName.Requirement, "The name has characters that it may not have, or too many.");
}
