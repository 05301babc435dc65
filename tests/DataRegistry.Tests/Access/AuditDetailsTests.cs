using System.Text.Json.Nodes;
using DataRegistry.Access;

namespace DataRegistry.Tests.Access;

public sealed class AuditDetailsTests
{
    [Fact]
    public void What_fits_stays_as_it_is()
    {
        Assert.Null(AuditDetails.TextOf(null));
        Assert.Equal("""{"a":"größe '𝒳'","b":null,"c":[1,true]}""",
            AuditDetails.TextOf(new() { ["a"] = "größe '𝒳'", ["b"] = null, ["c"] = new JsonArray(1, true) })!
            .Replace("\\uD835\\uDCB3", "𝒳", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData('a', 5000)]
    [InlineData('ü', 100_000)]
    [InlineData('"', 20_000)]
    [InlineData('\u0001', 4000)]
    public void The_longest_values_are_shortened_and_every_key_stays(char c, int length)
    {
        var details = new JsonObject
        {
            ["name"] = "short",
            ["endpoint_url"] = new JsonObject { ["before"] = new string(c, length), ["after"] = new string(c, length / 2) },
            ["count"] = 7,
            ["prefix"] = new string('p', 1000),
        };
        var text = AuditDetails.TextOf(details)!;
        Assert.InRange(text.Length, AuditDetails.MaxLength * 9 / 10, AuditDetails.MaxLength);
        var kept = JsonNode.Parse(text)!.AsObject();
        Assert.Equal(details.Select(p => p.Key), kept.Select(p => p.Key));
        Assert.Equal(("short", 7), (kept["name"]!.GetValue<string>(), kept["count"]!.GetValue<int>()));
        foreach (var side in new[] { "before", "after" })
            Assert.Matches($"^{System.Text.RegularExpressions.Regex.Escape(c.ToString())}+…$",
                kept["endpoint_url"]![side]!.GetValue<string>());
        // The caller's own object is unchanged.
        Assert.Equal(length, details["endpoint_url"]!["before"]!.GetValue<string>().Length);
    }

    [Fact]
    public void Half_of_a_surrogate_pair_is_not_kept()
    {
        for (var shift = 0; shift < 2; shift++)
        {
            var text = AuditDetails.TextOf(new() { ["a"] = new string('x', shift) + string.Concat(Enumerable.Repeat("𝒳", 3000)) })!;
            Assert.DoesNotContain("\\uFFFD", text, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain("\uFFFD", JsonNode.Parse(text)!["a"]!.GetValue<string>(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_long_list_keeps_its_first_items_and_says_how_many_more_there_were()
    {
        var projects = Enumerable.Range(0, 200).Select(_ => Guid.NewGuid().ToString("D")).ToList();
        var kept = JsonNode.Parse(
            AuditDetails.TextOf(new() { ["user"] = "u", ["projects"] = new JsonArray([.. projects.Select(p => JsonValue.Create(p))]) })!)!;
        var items = kept["projects"]!.AsArray().Select(i => i!.GetValue<string>()).ToList();
        Assert.Equal(projects.Take(items.Count - 1), items.Take(items.Count - 1));
        Assert.InRange(items.Count, 50, 150);
        Assert.Equal($"… {200 - (items.Count - 1)} more", items[^1]);
        Assert.Equal("u", kept["user"]!.GetValue<string>());
    }

    [Fact]
    public void Objects_in_a_list_keep_their_keys()
    {
        var list = new JsonArray([.. Enumerable.Range(0, 20).Select(i => new JsonObject { ["id"] = i, ["text"] = new string('t', 1000) })]);
        var kept = JsonNode.Parse(AuditDetails.TextOf(new() { ["list"] = list })!)!["list"]!.AsArray();
        Assert.Equal(Enumerable.Range(0, 20), kept.Select(i => i!["id"]!.GetValue<int>()));
        Assert.All(kept, i => Assert.EndsWith("…", i!["text"]!.GetValue<string>(), StringComparison.Ordinal));
    }

    [Fact]
    public void More_keys_than_fit_are_kept_all_the_same()
    {
        var details = new JsonObject(
            Enumerable.Range(0, 1000).Select(i => KeyValuePair.Create($"key{i}", (JsonNode?)JsonValue.Create("value"))));
        Assert.Equal(1000, JsonNode.Parse(AuditDetails.TextOf(details)!)!.AsObject().Count);
    }
}
