using System.Net;
using System.Net.Sockets;

namespace DataRegistry.Tests.Fixtures;

/// <summary>
/// Ports for servers of other processes, which take a while to listen. Linux gives ports from 32768 on to clients and to
/// servers that ask for any port. So no test takes one of these meanwhile.
/// </summary>
static class FreePorts
{
    const int First = 15_000;
    const int End = 32_000;

    public static int[] Take(int count)
    {
        var ports = new HashSet<int>();
        while (ports.Count < count)
        {
            var port = Random.Shared.Next(First, End);
            using var listener = new TcpListener(IPAddress.Loopback, port);
            try
            {
                listener.Start();
                ports.Add(port);
            }
            catch (SocketException)
            {
                // Another process has it.
            }
        }

        return [.. ports];
    }
}
