using DataRegistry.Access;
using DataRegistry.Http;

namespace DataRegistry.ConsoleTests;

public sealed class PermissionTests : ConsoleTest
{
    [BrowserFact]
    public async Task What_the_console_takes_roles_to_allow_is_what_the_service_allows()
    {
        var page = await OpenAsync("", token: "");
        var known = await page.EvaluateAsync<Dictionary<string, string[]>>("async () => (await import('/console/permissions.js')).ROLES");
        Assert.Equal(
            Enum.GetValues<Role>().ToDictionary(
                Fields.WireName,
                role => string.Join(' ', Roles.PermissionsOf(role).Select(p => Fields.WireName(p)).Order(StringComparer.Ordinal)),
                StringComparer.Ordinal),
            known.ToDictionary(k => k.Key, k => string.Join(' ', k.Value.Order(StringComparer.Ordinal)), StringComparer.Ordinal));
    }
}
