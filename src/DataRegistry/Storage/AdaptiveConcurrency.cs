namespace DataRegistry.Storage;

/// <summary>
/// How many requests may be under way at a time, found by trying: each one that is answered raises the limit by its share, so that as many
/// of them as it allows raise it by one; a refusal for load halves it. So whoever shares the service, unknown to each other, ends up with
/// an
/// even share of what it takes. Safe for concurrent use; who waits is let in in order.
/// </summary>
/// <param name="most">The limit that is begun with and never passed, at least 1.</param>
sealed class AdaptiveConcurrency(int most)
{
    readonly Lock gate = new();
    readonly Queue<TaskCompletionSource<int>> waiting = new();
    double limit = most;
    int underWay;
    // How often the limit was halved: what was sent before says nothing of the limit since.
    int halvings;

    /// <summary>Requests that may be under way now.</summary>
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
            if (underWay < (int)limit)
            {
                underWay++;
                return halvings;
            }

            turn = new(TaskCreationOptions.RunContinuationsAsynchronously);
            waiting.Enqueue(turn);
        }

        // Whoever gives up is passed over when its turn comes; if that was just now, the place is its own all the same.
        await using var registration = cancellationToken.UnsafeRegister(
            static (state, token) => ((TaskCompletionSource<int>)state!).TrySetCanceled(token), turn);
        return await turn.Task;
    }

    /// <summary>Gives the place back.</summary>
    /// <param name="entered">What <see cref="EnterAsync"/> returned.</param>
    /// <param name="refused">True if the service said that it is asked too much, false if it answered, null if neither is known.</param>
    public void Exit(int entered, bool? refused)
    {
        lock (gate)
        {
            if (refused == false && underWay * 2 >= limit)
            {
                // Only a limit that is made use of is found to be good.
                limit = Math.Min(most, limit + (1 / limit));
            }
            else if (refused == true && entered == halvings)
            {
                // All that were under way together are refused together: that is one sign, not many.
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
