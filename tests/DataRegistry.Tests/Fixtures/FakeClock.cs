using Microsoft.Extensions.Time.Testing;

namespace DataRegistry.Tests.Fixtures;

/// <summary>
/// The time of day for a whole service; it moves only when a test moves it. Waits and measured durations stay real, so
/// a lease that paces its requests continues. A test of a single class uses <see cref="FakeTimeProvider"/>.
/// </summary>
sealed class FakeClock() : FakeTimeProvider(new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero))
{
    public override long TimestampFrequency => System.TimestampFrequency;

    public override long GetTimestamp() => System.GetTimestamp();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        System.CreateTimer(callback, state, dueTime, period);

    public void Move(TimeSpan by) => Advance(by);
}
