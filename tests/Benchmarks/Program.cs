using System.CommandLine;
using DataRegistry.Benchmarks;

Benchmark[] benchmarks =
    [AdoptList.Benchmark, AdoptOne.Benchmark, AdoptPrefix.Benchmark, AdoptPrefixFaults.Benchmark, ListData.Benchmark,
    ListVolumes.Benchmark, Rescan.Benchmark, Datasets.Benchmark];

var root = new RootCommand(
    "Benchmarks of the service against bare loops on the same storage emulator and bucket, in one run. Rates are this machine's; only the "
        + "ratios say something.");
foreach (var benchmark in benchmarks)
    root.Add(benchmark.Command());
root.Add(Bounds.Command());
root.Add(Selections.Command());
root.Add(SlowStore.Command());
root.Add(StartUp.Command());
root.Add(AdoptWorker.Command());
root.Add(BucketProcess.Command());
root.Add(ServiceProcess.Command());
return await root.Parse(args).InvokeAsync();
