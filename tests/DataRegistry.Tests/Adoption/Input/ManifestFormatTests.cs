using System.Text;
using DataRegistry.Adoption.Input;

namespace DataRegistry.Tests.Adoption.Input;

/// <summary>The beginning of a file shows that it is no list of URLs and keys.</summary>
public sealed class ManifestFormatTests
{
    [Theory]
    [InlineData("\"bucket\",\"a%20b.txt\",\"12\"\n\"bucket\",\"c.txt\",\"3\"", "a CSV file")]
    [InlineData("\"s3://bucket/a\"\n\"s3://bucket/b\"", "a CSV file")]
    [InlineData("\"a\"\"b\",1\r\n\"c\",2", "a CSV file")]
    [InlineData("bucket,a.txt\nbucket,b.txt", "a CSV file")]
    [InlineData("bucket\ta.txt\nbucket\tb.txt", "a CSV file")]
    [InlineData("key,size\na,1", "a CSV file")]
    [InlineData("\uFEFFKey;Size;Last_Modified\na;1;x", "a CSV file")]
    [InlineData("{\"sourceBucket\":\"b\"}", "JSON")]
    [InlineData("{\"url\":\"s3://bucket/a\"}\n{\"url\":\"s3://bucket/b\"}", "JSON")]
    [InlineData("[\n  \"s3://bucket/a\"", "JSON")]
    public void A_table_or_json_is_named(string text, string expected) =>
        Assert.Contains(expected, Refuse(Encoding.UTF8.GetBytes(text)), StringComparison.Ordinal);

    [Theory]
    [InlineData(new byte[] { 0x1F, 0x8B, 0x08, 0x00 }, "gzip")]
    [InlineData(new byte[] { 0x28, 0xB5, 0x2F, 0xFD, 0x04 }, "zstd")]
    [InlineData(new byte[] { 0x42, 0x5A, 0x68, 0x39, 0xFF }, "bzip2")]
    [InlineData(new byte[] { 0x50, 0x4B, 0x03, 0x04, 0x00 }, "zip")]
    [InlineData(new byte[] { 0x50, 0x41, 0x52, 0x31, 0x15, 0x00 }, "Parquet")]
    [InlineData(new byte[] { 0xFF, 0xFE, 0x73, 0x00 }, "UTF-16")]
    [InlineData(new byte[] { 0x61, 0x00, 0x62 }, "not text")]
    [InlineData(new byte[] { 0x61, 0xC3, 0x28, 0x0A, 0x62 }, "not in UTF-8")]
    public void A_compressed_or_binary_file_is_named(byte[] content, string expected) =>
        Assert.Contains(expected, Refuse(content), StringComparison.Ordinal);

    [Theory]
    [InlineData("s3://bucket/a,b\nc")]
    [InlineData("a,b\nc,d")]
    [InlineData("name,of a file.txt\nother")]
    [InlineData("bucket,a.txt\nother.txt")]
    [InlineData("\"quoted\" key.txt")]
    [InlineData("{a}/b")]
    [InlineData("[1].txt")]
    [InlineData("PK\u0003.txt")]
    [InlineData("BZh.txt\nObj")]
    [InlineData("\n\n")]
    [InlineData("https://example.com/a,b")]
    public void A_list_is_none_of_it(string text) => Assert.Null(Refuse(Encoding.UTF8.GetBytes(text)));

    [Fact]
    public void A_character_that_is_cut_off_at_the_end_is_no_damage() =>
        Assert.Null(ManifestFormat.Refuse(Encoding.UTF8.GetBytes("a\nbü").AsSpan()[..^1], isWhole: false, "list.txt", "bucket"));

    [Fact]
    public void A_file_that_is_called_csv_may_be_a_list_and_is_a_table_where_each_line_has_fields()
    {
        Assert.Null(ManifestFormat.Refuse("s3://bucket/a\nb"u8, isWhole: true, "list.csv", "bucket"));
        Assert.NotNull(ManifestFormat.Refuse("s3://bucket/a,1\ns3://bucket/b,2"u8, isWhole: true, "list.csv", "bucket"));
    }

    static string? Refuse(byte[] head) => ManifestFormat.Refuse(head, isWhole: true, "list.txt", "bucket");
}
