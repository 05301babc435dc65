namespace DataRegistry.Stores.S3;

/// <summary>
/// Sends a HEAD for each key. A fault of one key is the result of that key. It is a fault of the bucket only if the
/// bucket does not answer for other keys either. That is checked before the whole round fails. Make one call per
/// instance.
/// </summary>
/// <param name="prefix">The store's prefix; other keys for the check lie below it.</param>
/// <param name="inFlight">The most HEADs in progress at the same time.</param>
sealed class HeadRound(Bucket bucket, string prefix, IReadOnlyList<string> keys, int inFlight) : IDisposable
{
    /// <summary>So many faults in a row, without an object in between, start a check of the bucket.</summary>
    const int FaultsInARow = 8;

    /// <summary>The most rounds of hanging requests to wait for. Each takes a request's whole time-out.</summary>
    const int TimeoutRounds = 4;

    /// <summary>The listed entries among which the check looks for another key.</summary>
    const int OtherKeys = 20;

    /// <summary>A bucket that takes longer to answer for a good key counts as unavailable.</summary>
    static readonly TimeSpan LookTimeout = TimeSpan.FromSeconds(10);

    readonly Probe[] probes = new Probe[keys.Count];
    readonly SemaphoreSlim looking = new(1);
    volatile string? answered;
    Task<BucketProbe>? usable;
    BucketException? hopeless;
    int faults, timeouts;

    /// <summary>The result of each key, in the order of the keys.</summary>
    /// <exception cref="BucketException">The bucket has a transient fault. Nothing is known, and the whole round can be
    /// repeated.</exception>
    public async Task<IReadOnlyList<Probe>> RunAsync(CancellationToken cancellationToken)
    {
        await AskAsync([.. Enumerable.Range(0, keys.Count)], cancellationToken);
        if (Undecided() is not { Count: > 0 } failed)
            return probes;
        await RequireAnswersAsync(probes[failed[0]].Failure!, cancellationToken);
        var throttled = failed.Where(i => probes[i].Failure!.Fault is BucketFault.Throttled).ToList();
        // A time-out has already taken the time of many tries.
        await AskAsync(failed.FindAll(i => !probes[i].Failure!.IsTimeout), cancellationToken);
        if (Undecided() is not { Count: > 0 } still)
            return probes;
        // The server has throttled some keys and answers now, so it may answer for the others next.
        var slow = still.Find(i => probes[i].Failure!.Fault is BucketFault.Throttled);
        if (throttled.Exists(i => probes[i].Failure is null) && probes[slow].Failure is { Fault: BucketFault.Throttled } slowDown)
            throw slowDown;
        await RequireAnswersAsync(probes[still[0]].Failure!, cancellationToken);
        foreach (var i in still)
            probes[i] = new(null, OwnOf(keys[i], probes[i].Failure!));
        return probes;
    }

    public void Dispose() => looking.Dispose();

    List<int> Undecided() => [.. Enumerable.Range(0, keys.Count).Where(i => probes[i].Failure is { IsTransient: true })];

    Task AskAsync(IReadOnlyList<int> which, CancellationToken cancellationToken) => Parallel.ForEachAsync(
        which, new ParallelOptions { MaxDegreeOfParallelism = inFlight, CancellationToken = cancellationToken }, async (i, token) =>
        {
            try
            {
                probes[i] = hopeless is null ? new(await bucket.HeadAsync(keys[i], cancellationToken: token), null) : new(null, hopeless);
                if (probes[i].Object is not null)
                    (answered, faults) = (keys[i], 0);
            }
            catch (BucketException e)
            {
                probes[i] = new(null, await JudgeAsync(i, e, token));
            }
        });

    /// <summary>Decides whether a fault belongs to its key or to the bucket.</summary>
    async Task<BucketException> JudgeAsync(int i, BucketException fault, CancellationToken cancellationToken)
    {
        probes[i] = new(null, fault);
        if (fault.IsTransient)
        {
            if (fault.IsTimeout && Interlocked.Increment(ref timeouts) > TimeoutRounds * inFlight)
                throw fault;
            if (Interlocked.Increment(ref faults) >= FaultsInARow)
                await RequireAnswersAsync(fault, cancellationToken);
            return fault;
        }

        if (fault.IsKeyRefusal())
        {
            // A HEAD's 400 has no body. Either the server cannot hold this key, or the credentials have expired.
            Interlocked.Increment(ref faults);
            if (await LookAsync(fault, cancellationToken) is not null
                && await (usable ??= bucket.ProbeAsync(prefix, cancellationToken)) is { Fault: { } whole } probe)
                throw new BucketException(whole, probe.Message, fault.InnerException);
            return new(fault.Fault, $"The server of bucket '{bucket.Name}' refuses this key (HTTP 400).", fault.InnerException)
            {
                Key = keys[i],
            };
        }

        if (fault.IsOfKey())
            return fault;
        // Wrong credentials, region or endpoint concern the whole bucket, unless the server answers for others.
        Interlocked.Increment(ref faults);
        if (await LookAsync(fault, cancellationToken) is null)
            return OwnOf(keys[i], fault);
        return hopeless = fault;
    }

    /// <exception cref="BucketException">The bucket does not answer for another key either.</exception>
    async Task RequireAnswersAsync(BucketException fault, CancellationToken cancellationToken)
    {
        if (await LookAsync(fault, cancellationToken) is { } found)
            throw found is { IsTransient: true } ? found : fault;
    }

    /// <summary>Null if the bucket answers for another key; otherwise the reason why not.</summary>
    async Task<BucketException?> LookAsync(BucketException fault, CancellationToken cancellationToken)
    {
        await looking.WaitAsync(cancellationToken);
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limited.CancelAfter(LookTimeout);
        try
        {
            // Another request has checked the bucket, or found an object, since then.
            if (Volatile.Read(ref faults) == 0)
                return null;
            if (answered is null)
            {
                var page = await bucket.ListAsync(new() { Prefix = prefix, MaxKeys = OtherKeys }, limited.Token);
                var failed = Enumerable.Range(0, keys.Count).Where(i => probes[i].Failure is not null).Select(i => keys[i])
                    .ToHashSet(StringComparer.Ordinal);
                if (page.Objects.FirstOrDefault(o => !failed.Contains(o.Key)) is not { } other)
                    // A fault of the bucket's only object is no reason to fail the whole bucket.
                    return page is { IsTruncated: false, Objects.Count: <= 1 } && keys.Count == 1 ? null : fault;
                await bucket.HeadAsync(other.Key, cancellationToken: limited.Token);
                answered = other.Key;
            }
            else
            {
                await bucket.HeadAsync(answered, cancellationToken: limited.Token);
            }
        }
        catch (BucketException e) when (!e.IsOfKey())
        {
            return e;
        }
        catch (BucketException)
        {
            // A refusal of that key is also an answer.
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            return new(
                BucketFault.Unreachable,
                $"The server of bucket '{bucket.Name}' does not answer within {LookTimeout.TotalSeconds} seconds.", e);
        }
        finally
        {
            looking.Release();
        }

        Volatile.Write(ref faults, 0);
        return null;
    }

    /// <summary>The same fault as one of its key, with the server's own code.</summary>
    BucketException OwnOf(string key, BucketException fault)
    {
        var answer = fault.Status is { } status ? $"answers HTTP {(int)status}{(fault.ServerCode is { } code ? $" {code}" : "")}"
            : fault.IsTimeout ? "does not answer in time"
            : "breaks off";
        return new(
            BucketFault.ObjectUnavailable, $"The server of bucket '{bucket.Name}' {answer} for this object, but answers for others.", fault)
        {
            Key = key,
        };
    }
}
