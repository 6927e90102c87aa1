using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Interconnect.Adapters.Matrix;

namespace Interconnect.Gateway.Checks;

/// <summary>Asks the homeserver for its versions, then who our token is, then for a ping, which tells whether the registration's id is the one configured.</summary>
internal static class MatrixProbe
{
    private static readonly TimeSpan PingLimit = TimeSpan.FromSeconds(3);

    public static async Task<string?> RunAsync(MatrixOptions options, CancellationToken cancellation)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = options.MayUseProxy, AllowAutoRedirect = false }) { BaseAddress = new Uri(options.Homeserver) };
        try
        {
            using var versions = await http.GetAsync(new Uri("/_matrix/client/versions", UriKind.Relative), cancellation);
            if (!versions.IsSuccessStatusCode)
            {
                return $"what answers there is no homeserver (status {(int)versions.StatusCode})";
            }

            var token = string.IsNullOrEmpty(options.AsToken) ? (await File.ReadAllTextAsync(options.AsTokenFile!, cancellation)).Split('\n')[0] : options.AsToken;
            http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token.Trim());
            using var answer = await http.GetAsync(new Uri("/_matrix/client/v3/account/whoami", UriKind.Relative), cancellation);
            return answer.StatusCode switch
            {
                HttpStatusCode.OK when await IsAnotherIdAsync(http, options, cancellation) => "its registration of us has another id than matrix:registrationId",
                HttpStatusCode.OK => null,
                HttpStatusCode.Unauthorized => "the homeserver does not know the as_token",
                _ => $"the homeserver answers {(int)answer.StatusCode} to the as_token",
            };
        }
        catch (HttpRequestException e)
        {
            return $"cannot be reached ({e.HttpRequestError})";
        }
        catch (IOException)
        {
            return "the file of the as_token cannot be read";
        }
    }

    /// <summary>Every other answer is as good as none here: the ping itself fails while the adapter is not running, and older homeservers know none.</summary>
    private static async Task<bool> IsAnotherIdAsync(HttpClient http, MatrixOptions options, CancellationToken cancellation)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(PingLimit);
        try
        {
            using var body = new StringContent("{}", Encoding.UTF8, "application/json");
            using var answer = await http.PostAsync(new Uri($"/_matrix/client/v1/appservice/{Uri.EscapeDataString(options.RegistrationId)}/ping", UriKind.Relative), body, patience.Token);
            return answer.StatusCode == HttpStatusCode.Forbidden;
        }
        catch (Exception e) when (e is HttpRequestException || (e is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            return false;
        }
    }
}
