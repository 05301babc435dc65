using System.Net;
using System.Net.Sockets;
using DataRegistry.Stores.S3;
using Microsoft.Extensions.Options;

namespace DataRegistry.Stores;

/// <summary>
/// Resolves a host name to its addresses; throws <see cref="SocketException"/> if it has none. Tests replace it to
/// change names.
/// </summary>
public delegate Task<IPAddress[]> HostResolver(string host, CancellationToken cancellationToken);

/// <summary>
/// Keeps stores from naming an endpoint that only this host can reach. It checks an endpoint when its store is made or
/// changed, for a good error. It checks again for every connection and connects to the very address that it checked,
/// because a name may resolve to another address each time.
/// </summary>
public sealed class EndpointGuard(IOptions<StoreOptions> options, HostResolver resolve)
{
    const string NeverAllowed =
        "An endpoint may not be a metadata service of the cloud, nor a multicast, broadcast or unspecified address.";

    const string NotAllowed =
        "The endpoint is at a private, loopback, link-local or reserved address, where no store may be unless the operator allows it with "
            + "the setting Stores__AllowPrivateEndpoints.";

    /// <summary>
    /// Why no store may have this endpoint; null if it may. Also null if its name does not resolve: a probe of the
    /// bucket explains that better.
    /// </summary>
    public async Task<BucketException?> RefusalAsync(Uri endpoint, CancellationToken cancellationToken)
    {
        try
        {
            await AddressesAsync(endpoint.IdnHost, cancellationToken);
            return null;
        }
        catch (BucketException e)
        {
            return e;
        }
        catch (SocketException)
        {
            return null;
        }
    }

    /// <summary>Connects to a checked address. For <see cref="BucketsOptions.Connect"/>.</summary>
    /// <exception cref="BucketException"><see cref="BucketFault.EndpointRefused"/>.</exception>
    public async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var addresses = await AddressesAsync(context.DnsEndPoint.Host, cancellationToken);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(addresses, context.DnsEndPoint.Port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>All addresses of a host. One refused address refuses them all: no S3 server's name mixes them.</summary>
    async Task<IPAddress[]> AddressesAsync(string host, CancellationToken cancellationToken)
    {
        var addresses = IPAddress.TryParse(host, out var literal) ? [literal] : await resolve(host, cancellationToken);
        if (addresses.Length == 0)
            throw new SocketException((int)SocketError.HostNotFound);
        // The message leaves the address out: a store's manager need not learn how names resolve in this network.
        return addresses.Max(Addresses.KindOf) switch
        {
            AddressKind.Forbidden => throw new BucketException(BucketFault.EndpointRefused, NeverAllowed),
            AddressKind.Private when !options.Value.AllowPrivateEndpoints =>
                throw new BucketException(BucketFault.EndpointRefused, NotAllowed),
            _ => addresses,
        };
    }
}

/// <summary>How far an address is reachable; a greater value is a worse one.</summary>
public enum AddressKind
{
    Public,

    /// <summary>
    /// This host, its network, or an address that the internet does not route: reserved, documentation, translated.
    /// </summary>
    Private,

    /// <summary>Never an S3 server, in any network.</summary>
    Forbidden,
}

/// <summary>
/// Sources: the IANA special-purpose address registries for IPv4 and IPv6, and the clouds' own documentation of their metadata services.
/// </summary>
public static class Addresses
{
    static readonly IPNetwork[] Forbidden = Networks(
        "0.0.0.0/32", "224.0.0.0/4", "255.255.255.255/32", "::/128", "ff00::/8",
        // AWS, Azure and Google; AWS on IPv6; credentials of containers on AWS; Azure's host itself; Alibaba; Google on IPv6; Oracle.
        "169.254.169.254/32", "fd00:ec2::254/128", "169.254.170.2/32", "fd00:ec2::23/128", "168.63.129.16/32", "100.100.100.200/32",
        "fd20:ce::254/128", "192.0.0.192/32", "fd00:c1::a9fe:a9fe/128");

    static readonly IPNetwork[] Private = Networks(
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
        // Teredo, benchmarking, ORCHID, documentation, 6to4.
        "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20");

    static readonly IPNetwork GlobalUnicast = IPNetwork.Parse("2000::/3");
    static readonly IPNetwork Nat64 = IPNetwork.Parse("64:ff9b::/96");

    public static AddressKind KindOf(IPAddress address)
    {
        if (address.AddressFamily is AddressFamily.InterNetworkV6)
        {
            // A zone is no part of the address.
            address = new IPAddress(address.GetAddressBytes());
            // An address that embeds an IPv4 address is no better than that one, and no public name resolves to it.
            if (address.IsIPv4MappedToIPv6 || Nat64.Contains(address))
                return (AddressKind)Math.Max((int)AddressKind.Private, (int)KindOf(new IPAddress(address.GetAddressBytes().AsSpan(12))));
        }

        return Array.Exists(Forbidden, n => n.Contains(address)) ? AddressKind.Forbidden
            : Array.Exists(Private, n => n.Contains(address))
                || (address.AddressFamily is AddressFamily.InterNetworkV6 && !GlobalUnicast.Contains(address)) ? AddressKind.Private
            : AddressKind.Public;
    }

    static IPNetwork[] Networks(params string[] networks) => [.. networks.Select(n => IPNetwork.Parse(n))];
}
