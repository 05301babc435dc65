namespace DataRegistry.Storage;

/// <summary>
/// The number of concurrent requests, found by trying. Each answered request raises the limit by its share, so that a
/// full round raises it by one; a refusal for load halves it. So processes that share the service, unknown to each
/// other, get even shares. Safe for concurrent use; waiting requests enter in order.
/// </summary>
/// <param name="most">The first limit, which is never passed; at least 1.</param>
sealed class AdaptiveConcurrency(int most)
{
    readonly Lock gate = new();
    readonly Queue<TaskCompletionSource<int>> waiting = new();
    double limit = most;
    int running;
    // How often the limit was halved: what was sent before says nothing of the limit since.
    int halvings;

    /// <summary>Requests that may be in progress now.</summary>
    public int Limit
    {
        get
        {
            lock (gate)
                return (int)limit;
        }
    }

    /// <summary>Waits for a place; what it returns is to be handed to <see cref="Exit"/>, once.</summary>
    public async ValueTask<int> EnterAsync(CancellationToken cancellationToken)
    {
        TaskCompletionSource<int> turn;
        lock (gate)
        {
            if (running < (int)limit)
            {
                running++;
                return halvings;
            }

            turn = new(TaskCreationOptions.RunContinuationsAsynchronously);
            waiting.Enqueue(turn);
        }

        // A cancelled request is skipped when its turn comes. If that was just now, it still owns the place.
        await using var registration = cancellationToken.UnsafeRegister(
            static (state, token) => ((TaskCompletionSource<int>)state!).TrySetCanceled(token), turn);
        return await turn.Task;
    }

    /// <summary>Gives the place back.</summary>
    /// <param name="entered">The value that <see cref="EnterAsync"/> returned.</param>
    /// <param name="refused">True if the service throttled it, false if it answered, null if neither is known.</param>
    public void Exit(int entered, bool? refused)
    {
        lock (gate)
        {
            if (refused == false && running * 2 >= limit)
            {
                // Only a limit that is made use of is found to be good.
                limit = Math.Min(most, limit + (1 / limit));
            }
            else if (refused == true && entered == halvings)
            {
                // Requests that ran together are refused together: that is one sign, not many.
                limit = Math.Max(1, Math.Min(limit, running) / 2);
                halvings++;
            }

            running--;
            while (running < (int)limit && waiting.TryDequeue(out var next))
            {
                if (next.TrySetResult(halvings))
                    running++;
            }
        }
    }
}
