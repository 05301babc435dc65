namespace DataRegistry.Storage;

/// <summary>
/// A limit of concurrent requests that adapts to the service. Each answered request raises the limit by its share, so a full round of
/// requests raises it by one. A refusal for load halves it. Clients that do not know each other end up with equal shares of the service.
/// Safe for concurrent use. Waiting callers enter in order.
/// </summary>
/// <param name="most">The first limit, which is also the highest. At least 1.</param>
sealed class AdaptiveConcurrency(int most)
{
    readonly Lock gate = new();
    readonly Queue<TaskCompletionSource<int>> waiting = new();
    double limit = most;
    int underWay;
    // Counts how often the limit was halved. The answer to an earlier request says nothing about the new limit.
    int halvings;

    /// <summary>The current limit.</summary>
    public int Limit
    {
        get
        {
            lock (gate)
                return (int)limit;
        }
    }

    /// <summary>Waits for a place. Pass the result to <see cref="Exit"/>, once.</summary>
    public async ValueTask<int> EnterAsync(CancellationToken cancellationToken)
    {
        TaskCompletionSource<int> turn;
        lock (gate)
        {
            if (underWay < (int)limit)
            {
                underWay++;
                return halvings;
            }

            turn = new(TaskCreationOptions.RunContinuationsAsynchronously);
            waiting.Enqueue(turn);
        }

        // A cancelled caller is skipped when its turn comes. If its turn has come just now, it owns the place.
        await using var registration = cancellationToken.UnsafeRegister(
            static (state, token) => ((TaskCompletionSource<int>)state!).TrySetCanceled(token), turn);
        return await turn.Task;
    }

    /// <summary>Gives the place back.</summary>
    /// <param name="entered">What <see cref="EnterAsync"/> returned.</param>
    /// <param name="refused">True if the service refused for load, false if it answered, null if neither is known.</param>
    public void Exit(int entered, bool? refused)
    {
        lock (gate)
        {
            if (refused == false && underWay * 2 >= limit)
            {
                // Only a limit that is in full use proves to be good.
                limit = Math.Min(most, limit + (1 / limit));
            }
            else if (refused == true && entered == halvings)
            {
                // Concurrent requests are refused together: halve the limit once for all of them.
                limit = Math.Max(1, Math.Min(limit, underWay) / 2);
                halvings++;
            }

            underWay--;
            while (underWay < (int)limit && waiting.TryDequeue(out var next))
            {
                if (next.TrySetResult(halvings))
                    underWay++;
            }
        }
    }
}
