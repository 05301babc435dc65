namespace DataRegistry.Tests.Storage;

/// <summary>
/// First gives prepared answers in the server's place, then loses answers of the real server, then does nothing.
/// </summary>
sealed class FaultyHandler : HttpMessageHandler
{
    readonly HttpMessageInvoker server = new(new SocketsHttpHandler());

    public List<Func<HttpResponseMessage>> Answers { get; } = [];

    /// <summary>The number of answers to lose after the server has done its work.</summary>
    public int LoseAnswers { get; set; }

    public int Requests { get; private set; }

    public string LastAddress { get; private set; } = "";

    public HttpRequestMessage? LastRequest { get; private set; }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Requests++;
        LastRequest = request;
        LastAddress = request.RequestUri!.AbsoluteUri;
        if (Answers is [var answer, ..])
        {
            Answers.RemoveAt(0);
            return answer();
        }

        var response = await server.SendAsync(request, cancellationToken);
        if (LoseAnswers > 0)
        {
            LoseAnswers--;
            response.Dispose();
            throw new HttpRequestException("The answer was lost.");
        }

        return response;
    }

    protected override void Dispose(bool disposing)
    {
        server.Dispose();
        base.Dispose(disposing);
    }
}
