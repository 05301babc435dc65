using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Middleware;

namespace DataRegistry.Functions;

/// <summary>
/// Ends the invocation without a failure if the caller hung up. The worker would log the cancellation as an error with its stack, even
/// before the request reached the app.
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
            // The caller hung up.
        }
    }

    static bool IsHttp(FunctionContext context) =>
        context.FunctionDefinition.InputBindings.Values.Any(
            binding => binding.Type.Equals("httpTrigger", StringComparison.OrdinalIgnoreCase));
}
