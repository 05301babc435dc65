using Azure.Core;
using Azure.Core.Pipeline;

namespace DataRegistry.Tests.Fixtures;

/// <summary>The process is dead: this request and every later one fail.</summary>
public sealed class SimulatedDeathException() : Exception("The process died here.");

/// <summary>
/// Sends requests, counts the writes, and dies before or after a chosen one. From then on every request fails, without
/// a retry, until it is revived. A death after a write loses its answer.
/// </summary>
public sealed class FaultyTransport : HttpPipelineTransport, IDisposable
{
    readonly HttpClientTransport inner;
    int requests;
    int writes;
    int? deathAt;
    bool after;
    volatile bool dead;

    public FaultyTransport()
    {
        Busy = new(new StorageOnDemand(StorageOnDemand.Connections()));
        inner = new(new HttpClient(Busy));
    }

    /// <summary>Limits the load that storage accepts.</summary>
    public BusyHandler Busy { get; }

    /// <summary>All requests so far.</summary>
    public int Requests => requests;

    /// <summary>Requests other than GET and HEAD so far.</summary>
    public int Writes => writes;

    /// <summary>Whether the chosen write came.</summary>
    public bool IsDead => dead;

    /// <summary>The exception of every request, without a retry; null if none.</summary>
    public Exception? Fault { get; set; }

    /// <summary>Whether requests hang until they are cancelled.</summary>
    public bool Hangs { get; set; }

    /// <summary>Loses the answer of the next write only.</summary>
    public bool LoseNextAnswer { get; set; }

    /// <summary>Called after each write that got its answer; null for nothing.</summary>
    public Action? Wrote { get; set; }

    /// <summary>Called before each request; null for nothing.</summary>
    public Action? Sending { get; set; }

    /// <param name="write">Its number, counted from the next one, which is 0.</param>
    public void DieAt(int write, bool after)
    {
        this.after = after;
        deathAt = writes + write;
    }

    /// <summary>
    /// Dies between two writes. A death before a write leaves the same state as one after the write before it. So tests
    /// that go through all writes need each place once.
    /// </summary>
    /// <param name="writes"> This number of writes arrives, and the answer of the last one is lost; with 0 none
    /// arrives.
    /// </param>
    public void DieAfter(int writes) => DieAt(Math.Max(writes - 1, 0), after: writes > 0);

    public void Revive()
    {
        deathAt = null;
        dead = false;
    }

    /// <summary>Takes back all faults and callbacks. Requests that hang go on hanging.</summary>
    public void Reset()
    {
        Revive();
        Busy.Capacity = null;
        (Fault, Hangs, LoseNextAnswer, Wrote, Sending) = (null, false, false, null, null);
    }

    public void Dispose() => inner.Dispose();

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
