namespace DataRegistry.Tests.Fixtures;

/// <summary>A clock that stands still until it is moved.</summary>
sealed class FakeClock : TimeProvider
{
    DateTimeOffset now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    public override DateTimeOffset GetUtcNow() => now;

    public void Move(TimeSpan by) => now += by;
}
