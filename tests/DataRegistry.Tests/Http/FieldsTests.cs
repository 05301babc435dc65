using DataRegistry.Http;

namespace DataRegistry.Tests.Http;

public sealed class FieldsTests
{
    [Theory]
    [InlineData("2026-03-01", "2026-03-01T00:00:00.0000000+00:00")]
    [InlineData("2026-03-01T12:00Z", "2026-03-01T12:00:00.0000000+00:00")]
    [InlineData("2026-03-01T12:00:00.123456789Z", "2026-03-01T12:00:00.1234567+00:00")]
    [InlineData("2026-03-01T12:00:00.12345678+02:00", "2026-03-01T10:00:00.1234567+00:00")]
    [InlineData("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.0000000+00:00")]
    [InlineData("1900-01-01", "1900-01-01T00:00:00.0000000+00:00")]
    public void A_time_is_read_to_seven_digits_of_a_second(string text, string time) =>
        Assert.Equal(time, Fields.Time("at", text)!.Value.ToString("O"));

    [Theory]
    [InlineData("1969-12-31")]
    [InlineData("now")]
    [InlineData("2026-03-01T12:00:00.123456789x")]
    [InlineData("2026-13-01")]
    public void Other_texts_and_times_before_what_is_expected_are_wrong(string text) =>
        Assert.Throws<ApiException>(() => Fields.Time("at", text, DateTimeOffset.UnixEpoch));
}
