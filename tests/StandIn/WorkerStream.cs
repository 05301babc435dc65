using DataRegistry.StandIn.Protocol;
using Grpc.Core;

namespace DataRegistry.StandIn;

/// <summary>The host's end of a worker's stream.</summary>
sealed class WorkerStream(StandInHost host) : FunctionRpc.FunctionRpcBase
{
    public override async Task EventStream(
        IAsyncStreamReader<StreamingMessage> requestStream, IServerStreamWriter<StreamingMessage> responseStream, ServerCallContext context)
    {
        using var one = new SemaphoreSlim(1);
        Func<StreamingMessage, Task> answer = SendAsync;
        try
        {
            while (await requestStream.MoveNext(context.CancellationToken))
                await host.ReceiveAsync(requestStream.Current, answer);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or Grpc.Core.RpcException)
        {
            // The worker has gone.
        }
        finally
        {
            host.Ended(answer);
        }

        async Task SendAsync(StreamingMessage message)
        {
            await one.WaitAsync(context.CancellationToken);
            try
            {
                await responseStream.WriteAsync(message, context.CancellationToken);
            }
            finally
            {
                one.Release();
            }
        }
    }
}
