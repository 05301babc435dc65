namespace DataRegistry.Tests.Host;

/// <summary>Waits for what happens in its own time; the deadline is generous, since it is only for what never happens.</summary>
static class Eventually
{
    static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    public static async Task IsTrueAsync(Func<Task<bool>> condition, string what)
    {
        using var deadline = new CancellationTokenSource(Deadline);
        while (!await condition())
        {
            Assert.False(deadline.IsCancellationRequested, $"It never came to be: {what}.");
            await Task.Delay(50);
        }
    }

    public static Task IsTrueAsync(Func<bool> condition, string what) => IsTrueAsync(() => Task.FromResult(condition()), what);

    public static Task<T> WithinDeadlineAsync<T>(this Task<T> task) => task.WaitAsync(Deadline);

    public static Task WithinDeadlineAsync(this Task task) => task.WaitAsync(Deadline);
}
