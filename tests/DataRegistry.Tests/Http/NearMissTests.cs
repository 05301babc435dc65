using System.Text;
using System.Text.Json.Serialization;
using DataRegistry.Http;

namespace DataRegistry.Tests.Http;

public sealed partial class NearMissTests
{
    static readonly string[] Known = ["url", "urls", "project", "dry_run", "exclude", "allow_adopt", "name", "type", "id"];

    [Theory]
    [InlineData("urlz", "url")]
    [InlineData("uri", "url")]
    [InlineData("URL", "url")]
    [InlineData("rul", "url")]
    [InlineData("projet", "project")]
    [InlineData("projects", "project")]
    [InlineData("porject", "project")]
    [InlineData("project_", "project")]
    [InlineData("dryRun", "dry_run")]
    [InlineData("dry-run", "dry_run")]
    [InlineData("excludes", "exclude")]
    [InlineData("alow_adopt", "allow_adopt")]
    [InlineData("Name", "name")]
    [InlineData("ID", "id")]
    public void A_misspelt_field_names_the_one_that_was_meant(string name, string meant) => Assert.Equal(meant, NearMiss.Of(name, Known));

    [Theory]
    [InlineData("ctime")]
    [InlineData("owner")]
    [InlineData("description")]
    [InlineData("uri_prefix")]
    [InlineData("allow_write")]
    [InlineData("ix")]
    [InlineData("")]
    [InlineData("data")]
    public void Another_field_is_none(string name) => Assert.Null(NearMiss.Of(name, Known));

    [Fact]
    public void A_name_that_is_no_word_of_ours_is_not_compared() => Assert.Null(NearMiss.Of(new string('u', 100_000), Known));

    [Theory]
    [InlineData("""{"nam":"a"}""", "nam", "There is no field 'nam': did you mean 'name'?")]
    [InlineData("""{"inner":{"buckt":"a"}}""", "inner", "There is no field 'buckt' in 'inner': did you mean 'bucket'?")]
    [InlineData("""{"list":[{},{"buckt":"a"}]}""", "list", "There is no field 'buckt' in 'list': did you mean 'bucket'?")]
    public void It_is_refused_wherever_it_stands(string json, string field, string message)
    {
        var error = Assert.IsType<ApiError.Field>(Assert.Throws<ApiException>(() => Refuse(json)).Error);
        Assert.Equal((field, message, "unknown_field"), (error.Name, error.Text, error.Code));
    }

    [Theory]
    [InlineData("""{"name":"a","other":{"nam":1},"inner":null,"list":null}""")]
    [InlineData("""{"free":{"nam":1,"buckt":2}}""")]
    [InlineData("""{"inner":5,"list":{"buckt":1}}""")]
    [InlineData("""[{"nam":1}]""")]
    [InlineData("""{"name":"a","nam""")]
    [InlineData("")]
    public void What_is_free_of_another_type_or_no_json_is_left_to_who_reads_it(string json) => Refuse(json);

    static void Refuse(string json) => NearMiss.Refuse(Encoding.UTF8.GetBytes(json), NearMissJson.Default.Outer);

    internal sealed record Outer(string? Name, Inner? Inner, IReadOnlyList<Inner>? List, Dictionary<string, int>? Free);

    internal sealed record Inner(string? Bucket);

    [JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
    [JsonSerializable(typeof(Outer))]
    internal sealed partial class NearMissJson : JsonSerializerContext;
}
