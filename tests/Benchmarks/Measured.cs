using System.Diagnostics;
using System.Globalization;

namespace DataRegistry.Benchmarks;

/// <summary>The cost of one arm.</summary>
/// <param name="Elapsed">Wall time.</param>
/// <param name="Allocated">Bytes.</param>
/// <param name="PeakMebibytes">The highest memory of this process meanwhile; null if the system does not report
/// it.</param>
sealed record Measured(
    int Objects, TimeSpan Elapsed, RequestCounts Requests, ProcessorTimes Processor, long Allocated, double? PeakMebibytes)
{
    public double PerSecond => Objects / Elapsed.TotalSeconds;

    /// <summary>Runs an arm once, and measures only that.</summary>
    public static async Task<Measured> RunAsync(int objects, Arena arena, BucketProcess bucket, Func<Task> run)
    {
        // Collect the garbage of the previous arm first.
        GC.Collect();
        ResetPeak();
        arena.Requests.Reset();
        var before = ProcessorTimes.Now(arena, bucket);
        var allocated = GC.GetTotalAllocatedBytes();
        var watch = Stopwatch.StartNew();
        await run();
        watch.Stop();
        return new(
            objects, watch.Elapsed, arena.Requests.Snapshot(), ProcessorTimes.Now(arena, bucket) - before,
            GC.GetTotalAllocatedBytes() - allocated, PeakOfProcess());
    }

    /// <summary>Resets the highest memory of this process to the present one.</summary>
    public static void ResetPeak()
    {
        // Linux: "5" sets the highest resident set back to the current one (proc_pid_clear_refs(5)).
        if (OperatingSystem.IsLinux())
            File.WriteAllText("/proc/self/clear_refs", "5");
    }

    static double? PeakOfProcess() => PeakOf(Environment.ProcessId);

    /// <summary>The highest memory of a process, in MiB; null if the system does not report it.</summary>
    public static double? PeakOf(int process)
    {
        const string name = "VmHWM:";
        var line = OperatingSystem.IsLinux()
            ? File.ReadLines($"/proc/{process}/status").FirstOrDefault(l => l.StartsWith(name, StringComparison.Ordinal))
            : null;
        return line is null
            ? null
            : double.Parse(line.AsSpan(name.Length, line.Length - name.Length - " kB".Length).Trim(), CultureInfo.InvariantCulture) / 1024;
    }
}

/// <summary>Processor time of the three processes. The busiest one is the bottleneck.</summary>
readonly record struct ProcessorTimes(TimeSpan Self, TimeSpan Azurite, TimeSpan Bucket)
{
    public TimeSpan Total => Self + Azurite + Bucket;

    public static ProcessorTimes Now(Arena arena, BucketProcess bucket) =>
        new(Environment.CpuUsage.TotalTime, arena.ProcessorTime, bucket.ProcessorTime);

    public static ProcessorTimes operator -(ProcessorTimes a, ProcessorTimes b) =>
        new(a.Self - b.Self, a.Azurite - b.Azurite, a.Bucket - b.Bucket);
}
