using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Http;

namespace DataRegistry.Access;

static class ClientAddress
{
    /// <summary>
    /// The address that a request comes from, or "unknown". Of an IPv6 address only the first 64 bits count, because one
    /// client owns the rest.
    /// </summary>
    /// <param name="forwardedHops">See <see cref="AccessOptions.ForwardedHops"/>.</param>
    public static string Of(HttpContext context, int forwardedHops)
    {
        var address = context.Connection.RemoteIpAddress;
        if (forwardedHops > 0 && address is not null && IPAddress.IsLoopback(address))
        {
            // The client can forge the entries before this one.
            var entries = context.Request.Headers["X-Forwarded-For"].ToString().Split(
                ',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
            if (entries.Length >= forwardedHops && IPEndPoint.TryParse(entries[^forwardedHops], out var forwarded))
                address = forwarded.Address;
        }

        if (address is { IsIPv4MappedToIPv6: true })
            address = address.MapToIPv4();
        return address switch
        {
            null => "unknown",
            { AddressFamily: AddressFamily.InterNetworkV6 } => Convert.ToHexStringLower(address.GetAddressBytes().AsSpan(0, 8)),
            _ => address.ToString(),
        };
    }
}
