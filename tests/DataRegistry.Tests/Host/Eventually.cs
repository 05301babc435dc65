namespace DataRegistry.Tests.Host;

/// <summary>Waits for a condition. The deadline is generous, because only a failure reaches it.</summary>
static class Eventually
{
    static readonly TimeSpan Deadline = TimeSpan.FromMinutes(5);

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
