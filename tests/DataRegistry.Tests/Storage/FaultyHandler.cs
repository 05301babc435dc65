namespace DataRegistry.Tests.Storage;

/// <summary>Answers in the server's place as long as it is told what, then loses answers of the real server, then lets it be.</summary>
sealed class FaultyHandler : HttpMessageHandler
{
    readonly HttpMessageInvoker server = new(new SocketsHttpHandler());

    public List<Func<HttpResponseMessage>> Answers { get; } = [];

    /// <summary>How many answers are lost after the server did what was asked.</summary>
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
