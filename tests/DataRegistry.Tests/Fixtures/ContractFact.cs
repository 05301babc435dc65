using Xunit.Abstractions;
using Xunit.Sdk;

namespace DataRegistry.Tests.Fixtures;

/// <summary>Marks a class whose tests need the real S3 server.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class NeedsRadosGatewayAttribute : Attribute;

/// <summary>A fact of a contract suite. It is skipped, with the reason, in subclasses whose server is not installed.</summary>
[AttributeUsage(AttributeTargets.Method)]
[XunitTestCaseDiscoverer("DataRegistry.Tests.Fixtures.ContractFactDiscoverer", "DataRegistry.Tests")]
public sealed class ContractFactAttribute : FactAttribute;

/// <summary>Only the discoverer knows the subclass of an inherited test.</summary>
public sealed class ContractFactDiscoverer(IMessageSink diagnostics) : IXunitTestCaseDiscoverer
{
    public IEnumerable<IXunitTestCase> Discover(
        ITestFrameworkDiscoveryOptions discoveryOptions, ITestMethod testMethod, IAttributeInfo factAttribute)
    {
        var display = discoveryOptions.MethodDisplayOrDefault();
        var options = discoveryOptions.MethodDisplayOptionsOrDefault();
        var needsGateway = testMethod.TestClass.Class.GetCustomAttributes(typeof(NeedsRadosGatewayAttribute)).Any();
        yield return needsGateway && RadosGatewayFixture.SkipReason is not null
            ? new GatewayMissing(diagnostics, display, options, testMethod)
            : new XunitTestCase(diagnostics, display, options, testMethod);
    }

    sealed class GatewayMissing : XunitTestCase
    {
        [Obsolete("For xunit's deserializer only.")]
        public GatewayMissing()
        {
        }

        public GatewayMissing(
            IMessageSink diagnostics, TestMethodDisplay display, TestMethodDisplayOptions options, ITestMethod testMethod) : base(
                diagnostics, display, options, testMethod)
        {
        }

        protected override string GetSkipReason(IAttributeInfo factAttribute) =>
            RadosGatewayFixture.SkipReason ?? "radosgw was not installed.";
    }
}
