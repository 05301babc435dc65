using Azure.Core;
using Azure.Core.Pipeline;

namespace DataRegistry.Tests.Fixtures;

/// <summary>The process is dead as far as storage can tell: this request and every later one gets nowhere.</summary>
public sealed class SimulatedDeathException() : Exception("The process died here.");

/// <summary>
/// Sends what it is given, counts the writes, and dies before or after a chosen one: from then on every request fails, without a
/// retry, until it is revived. Dying after a write is what loses its answer.
/// </summary>
public sealed class FaultyTransport : HttpPipelineTransport
{
    readonly HttpClientTransport inner;
    int requests;
    int writes;
    int? deathAt;
    bool after;
    volatile bool dead;

    public FaultyTransport()
    {
        Busy = new(new SocketsHttpHandler { UseCookies = false, ActivityHeadersPropagator = null });
        inner = new(new HttpClient(Busy));
    }

    /// <summary>How much of it storage takes.</summary>
    public BusyHandler Busy { get; }

    /// <summary>All requests so far.</summary>
    public int Requests => requests;

    /// <summary>Requests other than GET and HEAD so far.</summary>
    public int Writes => writes;

    /// <summary>Whether the chosen write came.</summary>
    public bool IsDead => dead;

    /// <summary>What every request fails with, without a retry; null if none.</summary>
    public Exception? Fault { get; set; }

    /// <summary>Whether requests are never answered, but wait until they are cancelled.</summary>
    public bool Hangs { get; set; }

    /// <summary>Loses the answer of the next write, and only that.</summary>
    public bool LoseNextAnswer { get; set; }

    /// <summary>Called after each write that got its answer; null for nothing.</summary>
    public Action? Wrote { get; set; }

    /// <summary>Called before each request; null for nothing.</summary>
    public Action? Sending { get; set; }

    /// <param name="write">Counted from the next one, which is 0.</param>
    public void DieAt(int write, bool after)
    {
        this.after = after;
        deathAt = writes + write;
    }

    /// <summary>
    /// Dies between two writes. Dying before a write leaves what dying after the one before it leaves, so tests that go through all of
    /// them need each place once.
    /// </summary>
    /// <param name="writes">
    /// So many writes from now on arrive, and the answer of the last one is lost; at 0 none arrives.
    /// </param>
    public void DieAfter(int writes) => DieAt(Math.Max(writes - 1, 0), after: writes > 0);

    public void Revive()
    {
        deathAt = null;
        dead = false;
    }

    public override Request CreateRequest() => inner.CreateRequest();

    public override void Process(HttpMessage message) => ProcessAsync(message).AsTask().GetAwaiter().GetResult();

    public override async ValueTask ProcessAsync(HttpMessage message)
    {
        if (dead)
            throw new SimulatedDeathException();
        Sending?.Invoke();
        Interlocked.Increment(ref requests);
        if (Fault is { } fault)
            throw fault;
        if (Hangs)
            await Task.Delay(Timeout.Infinite, message.CancellationToken);
        var isWrite = message.Request.Method != RequestMethod.Get && message.Request.Method != RequestMethod.Head;
        var dies = isWrite && Interlocked.Increment(ref writes) - 1 == deathAt;
        if (dies && !after)
        {
            dead = true;
            throw new SimulatedDeathException();
        }

        await inner.ProcessAsync(message);
        if (isWrite && LoseNextAnswer)
        {
            LoseNextAnswer = false;
            throw new SimulatedDeathException();
        }

        if (dies)
        {
            dead = true;
            throw new SimulatedDeathException();
        }

        if (isWrite)
            Wrote?.Invoke();
    }
}
