using System.Diagnostics.Metrics;

namespace DataRegistry.Telemetry;

/// <summary>
/// The service's metrics. Clients of tables and buckets count their own requests. No tag names a caller or an object.
/// </summary>
static class Metrics
{
    public const string Source = "DataRegistry";

    static readonly Meter Meter = new(Source);

    static readonly Counter<long> Adoptions = Meter.CreateCounter<long>(
        "dataregistry.adoptions", "{object}", "Inputs of adoptions, by outcome");
    static readonly Histogram<double> JobDurations = Meter.CreateHistogram(
        "dataregistry.job.duration", "s", "From a job's creation to its end, by status",
        advice: Boundaries(1, 5, 15, 60, 300, 900, 3600, 14_400, 86_400));
    static readonly Histogram<double> QueueAges = Meter.CreateHistogram(
        "dataregistry.queue.age", "s", "From when a message was queued to its delivery",
        advice: Boundaries(0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600));
    static readonly Gauge<long> ActiveJobs = Meter.CreateGauge<long>(
        "dataregistry.jobs.active", "{job}", "Jobs that have not ended, when the timer last looked");
    static readonly Gauge<double> OldestJob = Meter.CreateGauge<double>("dataregistry.job.age", "s", "Age of the oldest of them");
    static readonly Counter<long> Retries = Meter.CreateCounter<long>(
        "dataregistry.retries", "{retry}", "What was tried again: requests to a service, deliveries of a queue's messages");
    static readonly Counter<long> Drift = Meter.CreateCounter<long>(
        "dataregistry.scan.drift", "{object}", "Objects that a scan found to differ from what was adopted, by kind");
    static readonly Counter<long> Refusals = Meter.CreateCounter<long>(
        "dataregistry.refusals", "{request}", "Requests that were answered with 429, by limit");

    /// <param name="outcome"><c>created</c>, <c>existing</c>, <c>failed</c> or <c>skipped</c>.</param>
    public static void Adopted(string outcome, long objects)
    {
        if (objects > 0)
            Adoptions.Add(objects, new KeyValuePair<string, object?>("outcome", outcome));
    }

    public static void JobEnded(string status, TimeSpan duration) =>
        JobDurations.Record(duration.TotalSeconds, new KeyValuePair<string, object?>("status", status));

    /// <param name="oldest">Zero if there are none.</param>
    public static void JobsActive(long jobs, TimeSpan oldest)
    {
        ActiveJobs.Record(jobs);
        OldestJob.Record(oldest.TotalSeconds);
    }

    /// <param name="age">Null if the head does not know when the message was queued.</param>
    /// <param name="dequeueCount">1 for the first delivery.</param>
    public static void Delivered(string queue, TimeSpan? age, long dequeueCount)
    {
        if (age is { } known)
            QueueAges.Record(Math.Max(0, known.TotalSeconds), new KeyValuePair<string, object?>("queue", queue));
        if (dequeueCount > 1)
            Retried(queue);
    }

    /// <param name="what"><c>table</c>, <c>queue</c>, <c>blob</c>, <c>s3</c>, or a queue's name.</param>
    public static void Retried(string what) => Retries.Add(1, new KeyValuePair<string, object?>("what", what));

    /// <summary>Counts what scans of stores found.</summary>
    /// <param name="kind"><c>changed</c>, <c>missing</c>, <c>returned</c> or <c>new</c>.</param>
    public static void Drifted(string kind, long objects)
    {
        if (objects > 0)
            Drift.Add(objects, new KeyValuePair<string, object?>("kind", kind));
    }

    /// <param name="limit">The name of the setting that is the limit, without its section.</param>
    public static void Refused(string limit) => Refusals.Add(1, new KeyValuePair<string, object?>("limit", limit));

    static InstrumentAdvice<double> Boundaries(params double[] seconds) => new() { HistogramBucketBoundaries = seconds };
}
