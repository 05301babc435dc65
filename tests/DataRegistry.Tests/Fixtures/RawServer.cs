using System.Net;
using System.Net.Sockets;
using System.Text;

namespace DataRegistry.Tests.Fixtures;

/// <summary>Answers every request with the same bytes, even with some that no web server sends.</summary>
sealed class RawServer : IAsyncDisposable
{
    readonly TcpListener listener = new(IPAddress.Loopback, 0);
    readonly CancellationTokenSource stopping = new();
    readonly Func<string> answer;
    readonly Task serving;

    public RawServer(Func<string> answer)
    {
        this.answer = answer;
        listener.Start();
        serving = ServeAsync();
    }

    /// <summary>Without a slash at its end.</summary>
    public string Url => $"http://{listener.LocalEndpoint}";

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await serving;
        listener.Dispose();
        stopping.Dispose();
    }

    async Task ServeAsync()
    {
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                using var client = await listener.AcceptTcpClientAsync(stopping.Token);
                await using var stream = client.GetStream();
                var request = new byte[64 * 1024];
                if (await stream.ReadAsync(request, stopping.Token) > 0)
                    await stream.WriteAsync(Encoding.Latin1.GetBytes(answer()), stopping.Token);
            }
            catch (Exception e) when (e is OperationCanceledException or IOException)
            {
                // A client hung up, or the test ended.
            }
        }
    }
}
