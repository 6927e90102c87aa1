using System.Net;
using System.Net.Http.Headers;
using Interconnect.Adapters.Matrix;

namespace Interconnect.Gateway.Checks;

/// <summary>Asks the homeserver for its versions, then who our token is.</summary>
internal static class MatrixProbe
{
    public static async Task<string?> RunAsync(MatrixOptions options, CancellationToken cancellation)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false }) { BaseAddress = new Uri(options.Homeserver) };
        try
        {
            using var versions = await http.GetAsync(new Uri("/_matrix/client/versions", UriKind.Relative), cancellation);
            if (!versions.IsSuccessStatusCode)
            {
                return $"what answers there is no homeserver (status {(int)versions.StatusCode})";
            }

            using var request = new HttpRequestMessage(HttpMethod.Get, "/_matrix/client/v3/account/whoami");
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", options.AsToken ?? (await File.ReadAllTextAsync(options.AsTokenFile!, cancellation)).Split('\n')[0].Trim());
            using var answer = await http.SendAsync(request, cancellation);
            return answer.StatusCode switch
            {
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
}
