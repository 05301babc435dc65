using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Middleware;

namespace DataRegistry.Functions;

/// <summary>
/// Ends the invocation of a caller who hung up without a failure. The worker would log the cancellation as an error with its stack, also
/// where the request had not reached the app yet.
/// </summary>
sealed class HangUps : IFunctionsWorkerMiddleware
{
    public async Task Invoke(FunctionContext context, FunctionExecutionDelegate next)
    {
        try
        {
            await next(context);
        }
        catch (OperationCanceledException) when (context.CancellationToken.IsCancellationRequested && IsHttp(context))
        {
            // Nobody waits for an answer.
        }
    }

    static bool IsHttp(FunctionContext context) =>
        context.FunctionDefinition.InputBindings.Values.Any(
            binding => binding.Type.Equals("httpTrigger", StringComparison.OrdinalIgnoreCase));
}
