using DataRegistry.Adoption.Input;
using DataRegistry.Jobs;

namespace DataRegistry.Adoption;

/// <summary>An adoption job, as a worker has opened it.</summary>
sealed class AdoptionRun(JobRow job, AdoptionScope scope, ManifestStaging manifests, WindowReaders readers, WindowWriter writer)
    : JobRun(job, scope.Store.Id, $"The server of bucket '{scope.Store.Configuration.Bucket}'")
{
    public override bool NeedsListing => Job.Prefix is not null;

    /// <inheritdoc/>
    public override async Task<RangeOpening> OpenAsync(WorkRow range, RangeDelivery delivery, CancellationToken cancellationToken)
    {
        if (range.Kind == WorkKind.Manifest)
        {
            // An unreadable manifest has no inputs that could fail, so the job fails.
            return delivery.BucketUnavailable is { } unavailable
                ? new RangeOpening.Failed(unavailable.Message)
                : await manifests.RunAsync(scope, range, delivery, cancellationToken);
        }

        if (NeedsListing && delivery.BucketUnavailable is { } cannotList)
            throw cannotList;
        var reader = await readers.OpenAsync(Job, scope, delivery, cancellationToken);
        return new RangeOpening.Opened(new AdoptionWork(scope, reader, writer));
    }
}

/// <summary>Adopts each window of a range, and reads the next one at the same time.</summary>
sealed class AdoptionWork(AdoptionScope scope, WindowReader reader, WindowWriter writer) : RangeWork
{
    public override async Task<WindowDone> RunAsync(WorkRow range, RangeDelivery delivery, bool goesOn, CancellationToken cancellationToken)
    {
        var window = await reader.ReadAsync(range, cancellationToken);
        var ahead = goesOn && !window.Ends ? reader.ReadAheadAsync(window.After, range.Until, cancellationToken) : Task.CompletedTask;
        try
        {
            return await writer.WriteAsync(scope, range, window, delivery, cancellationToken);
        }
        finally
        {
            await ahead;
        }
    }

    public override Task<RangeShare?> CutAsync(WorkRow range, CancellationToken cancellationToken) =>
        reader.CutAsync(range, cancellationToken);
}
