namespace DataRegistry.Tests.Fixtures;

/// <summary>Measures only the time by which it is moved; <see cref="FakeClock"/> tells a time that stands still, and measures the real one.</summary>
sealed class FakeStopwatch : TimeProvider
{
    long ticks;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => ticks;

    public void Move(TimeSpan by) => ticks += by.Ticks;
}
