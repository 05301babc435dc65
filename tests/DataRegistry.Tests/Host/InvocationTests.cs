using System.Text.Json;
using DataRegistry.Functions.Handler;
using FsCheck;
using FsCheck.Fluent;

namespace DataRegistry.Tests.Host;

/// <summary>What the Functions host posts, and what a function gets of it.</summary>
public sealed class InvocationTests
{
    [Fact]
    public void The_text_a_function_gets_is_the_text_that_was_put_on_the_queue()
    {
        Prop.ForAll<string>(ArbMap.Default.ArbFor<string>().Filter(text => text is not null && !text.Any(char.IsSurrogate)), text =>
            string.Equals(Parse(CustomHandlerProcess.QueueEnvelope(text)).Message, text, StringComparison.Ordinal)).QuickCheckThrowOnFailure();
    }

    [Theory]
    [InlineData("""{"Data":{"message":"\"{\\\"a\\\":1}\""},"Metadata":{"DequeueCount":"3"}}""", """{"a":1}""", 3)]
    [InlineData("""{"Data":{"message":"{\"a\":1}"},"Metadata":{"DequeueCount":3}}""", """{"a":1}""", 3)]
    [InlineData("""{"Data":{"message":{"a": 1}},"Metadata":{}}""", """{"a": 1}""", 1)]
    [InlineData("""{"Data":{"message":"plain"}}""", "plain", 1)]
    [InlineData("""{"Data":{"message":"\"open"}}""", "\"open", 1)]
    [InlineData("""{"Data":{"message":"\"\\\"quoted\\\"\""}}""", "\"quoted\"", 1)]
    public void Both_forms_of_a_value_are_understood(string envelope, string message, long dequeueCount)
    {
        Assert.Equal(new QueueDelivery(message, dequeueCount), Parse(envelope));
    }

    [Theory]
    [InlineData("[]", "not a JSON object")]
    [InlineData("{}", "\"Data\"")]
    [InlineData("""{"Data":[]}""", "\"Data\"")]
    [InlineData("""{"Data":{"other":"x"}}""", "\"message\"")]
    [InlineData("""{"Data":{"message":null}}""", "\"message\"")]
    [InlineData("""{"Data":{"message":"x"},"Metadata":{"DequeueCount":"many"}}""", "DequeueCount")]
    [InlineData("""{"Data":{"message":"x"},"Metadata":{"DequeueCount":0}}""", "DequeueCount")]
    public void A_malformed_envelope_says_what_is_wrong(string envelope, string part)
    {
        Assert.Contains(part, Assert.Throws<InvocationException>(() => Parse(envelope)).Message, StringComparison.Ordinal);
    }

    static QueueDelivery Parse(string envelope)
    {
        using var document = JsonDocument.Parse(envelope);
        return Invocation.ParseQueue(document.RootElement);
    }
}
