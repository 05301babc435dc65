using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Azure.Core;
using Azure.Core.Pipeline;

namespace DataRegistry.Storage;

/// <summary>A storage account's name and one of its keys.</summary>
public sealed class TableSharedKeyCredential
{
    readonly byte[] key;

    /// <exception cref="ArgumentException">The key is not base64.</exception>
    public TableSharedKeyCredential(string accountName, string accountKey)
    {
        AccountName = accountName;
        key = new byte[accountKey.Length];
        if (!Convert.TryFromBase64String(accountKey, key, out var length) || length == 0)
        {
            throw new ArgumentException($"The key of storage account {accountName} is not base64.", nameof(accountKey));
        }

        key = key[..length];
    }

    public string AccountName { get; }

    internal string Sign(string text) => Convert.ToBase64String(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(text)));
}

/// <summary>
/// Signs each try with SharedKeyLite: the date and the path as it is sent, no more. Each try anew, since the service
/// refuses a signature older than 15 minutes.
/// </summary>
sealed class SharedKeyLitePolicy(TableSharedKeyCredential credential) : HttpPipelineSynchronousPolicy
{
    public override void OnSendingRequest(HttpMessage message)
    {
        var date = DateTime.UtcNow.ToString("R", CultureInfo.InvariantCulture);
        var path = message.Request.Uri.ToUri().AbsolutePath;
        message.Request.Headers.SetValue("x-ms-date", date);
        message.Request.Headers.SetValue(
            "Authorization", $"SharedKeyLite {credential.AccountName}:{credential.Sign($"{date}\n/{credential.AccountName}{path}")}");
    }
}
