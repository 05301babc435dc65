using Microsoft.Azure.Functions.Worker;

namespace DataRegistry.Functions;

/// <summary>The functions that the host calls at their times.</summary>
sealed class TimerFunctions(HostCalls calls)
{
    [Function("RescanStores")]
    public Task RescanStores([TimerTrigger("0 */5 * * * *")] TimerInfo timer, FunctionContext context) => calls.TickAsync(context);

    [Function("ResumeAdoptions")]
    public Task ResumeAdoptions([TimerTrigger("30 */5 * * * *")] TimerInfo timer, FunctionContext context) => calls.TickAsync(context);

    [Function("CollectJobs")]
    public Task CollectJobs([TimerTrigger("0 20 * * * *")] TimerInfo timer, FunctionContext context) => calls.TickAsync(context);
}
